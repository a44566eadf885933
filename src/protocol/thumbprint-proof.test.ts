import { expect, test } from 'vitest';
import { answerProof, questionProof, thumbprintKey } from './thumbprint-proof.ts';

const question = { requestId: 'shr_1', nonce: Uint8Array.from({ length: 32 }, (_, index) => index) };
const thumbprint = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k';

test('key and proofs are those that Python’s hashlib and hmac give', async () => {
  const key = await thumbprintKey({ ssid: 'Home', password: 'only-for-this-guest' });
  expect([key, questionProof(key, question), answerProof(key, question, thumbprint)].map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual([
    '5126b24f9c90654d6f9c2a7679f36cbec7d990bee8630b254699cd23f1fa103f',
    '9ef1fe0d647e8ba4b3ad7a82f6a8ddf7205895e153112b7697d3dc2a92fa26b9',
    '2d4cd51ded0a6ca598fb85f2434d6e187ec1158be28c50442add5b9f53d68b8d',
  ]);
});
