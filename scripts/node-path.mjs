// Sets up what is missing, and prints the path of the Node that this project runs with: for `bin/latchkey`.
import { setUp } from './setup.mjs';

console.log(await setUp());
