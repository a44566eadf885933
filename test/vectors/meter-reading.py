"""Makes meter-reading.json: what both sides of a shared network sign of its use (docs/protocol.md section 7), and what is to be refused.

Needs Debian's python3-cryptography: `python3 meter-reading.py`, in this folder. Made again it is the same.
"""
import base64
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


SEED = bytes([7] * 32)
KEY = Ed25519PrivateKey.from_private_bytes(SEED)
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def reading(what, grant_id, side, bytes_in, bytes_out, seconds, at, final):
    message = b'\x00'.join(
        part.encode()
        for part in ['latchkey/1 meter', grant_id, side, str(bytes_in), str(bytes_out), str(seconds), at, 'final' if final else 'running']
    )
    return {
        'what': what, 'grant_id': grant_id, 'side': side, 'bytes_in': str(bytes_in), 'bytes_out': str(bytes_out), 'seconds': seconds, 'at': at,
        'final': final, 'message_hex': message.hex(), 'signature': b64(KEY.sign(message)),
    }


GRANT = 'grt_AAECAwQFBgcICQoLDA0ODw'
VECTORS = [
    reading('nothing used yet', GRANT, 'guest', 0, 0, 0, '2026-12-01T12:00:00Z', False),
    reading('some use, by the sharer', GRANT, 'sharer', 1_234_567, 89_012_345, 678, '2026-12-01T12:34:56Z', False),
    reading('the last one, with as much as is counted', GRANT, 'guest', 2**53 - 1, 2**53 - 1, 31_536_000, '2026-12-31T23:59:59Z', True),
]


def changed(what, **parts):
    return {**VECTORS[1], 'what': what, **parts}


REFUSED = [
    changed('another grant', grant_id='grt_AQECAwQFBgcICQoLDA0ODw'),
    changed('the other side', side='guest'),
    changed('fewer bytes', bytes_out='89012344'),
    changed('bytes moved from one count to the other', bytes_in='123456', bytes_out='789012345'),
    changed('a second more', seconds=679),
    changed('another time', at='2026-12-01T12:34:57Z'),
    changed('said to be the last', final=True),
    changed('a signature that is cut short', signature=VECTORS[1]['signature'][:-2]),
    changed('the signature of another', signature=VECTORS[0]['signature']),
]
for each in REFUSED:
    del each['message_hex']

with open('meter-reading.json', 'w') as file:
    json.dump({'seed': b64(SEED), 'public': b64(PUBLIC), 'vectors': VECTORS, 'refused': REFUSED}, file, indent=2)
    file.write('\n')
