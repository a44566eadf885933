#!/usr/bin/env node
// The CLI from its sources: needs no build, starts slowly.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { main } from '../src/cli/main.ts';

const root = dirname(import.meta.dirname);
const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
pjson.oclif.commands.target = './src/commands';
await main({ root, pjson });
