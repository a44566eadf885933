import { checker } from './check.ts';
import { bytes32, id, input, object } from './schema.ts';

// What a guest and its sharer's side say to each other on port 8433 of the shared network, `POST /v1/thumbprint`: see
// src/protocol/thumbprint-proof.ts.

export const checkThumbprintQuestion = checker(input('ThumbprintQuestion', { request_id: id, nonce: bytes32, proof: bytes32 }));
export const checkThumbprintAnswer = checker(object('ThumbprintAnswer', { thumbprint: bytes32, proof: bytes32 }));
