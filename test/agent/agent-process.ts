/** An agent in a process of its own, as it is by default; prints where it listens and which devices it may be asked by. */
import { Site } from './site.ts';

const site = await Site.open({ limits: {}, autoApprove: { models: ['lamp'] }, allowPlain: true, log: () => {} });
const devices = await Promise.all(Array.from({ length: 100 }, () => site.device()));
const { helloPort, securePort } = site.agent;
process.stdout.write(`${JSON.stringify({ helloPort, securePort, devices })}\n`);
process.on('SIGTERM', () => void site.close().then(() => process.exit(0)));
