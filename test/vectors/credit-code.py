"""Makes credit-code.json and code-receipt.json: credit payment codes and receipts (docs/protocol.md section 5), and what is to be refused.

Needs Debian's python3-cbor2 and python3-cryptography: `python3 credit-code.py`, in this folder. Made again they are the same.
"""
import base64
import hashlib
import json
import struct

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip('=')


def base45(data):
    text = ''
    for index in range(0, len(data), 2):
        pair = data[index:index + 2]
        value = int.from_bytes(pair, 'big')
        for _ in range(len(pair) + 1):
            text += LETTERS[value % 45]
            value //= 45
    return text


def canonical(value):
    return cbor2.dumps(value, canonical=True)


# What no encoder writes, by hand.

def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for more, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 256 ** size:
            return bytes([major << 5 | more]) + number.to_bytes(size, 'big')


def items(*encoded):
    return head(4, len(encoded)) + b''.join(encoded)


def members(*encoded):
    """Of keys and values in turn, all encoded."""
    return head(5, len(encoded) // 2) + b''.join(encoded)


def blob(data):
    return head(2, len(data)) + data


C = canonical


class Key:
    def __init__(self, byte):
        self.seed = bytes([byte]) * 32
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid = hashlib.sha256(self.public).digest()[:8]

    def json(self):
        return {'seed': b64(self.seed), 'public': b64(self.public), 'kid': b64(self.kid)}


server, next_server, holder, stranger, register = (Key(byte) for byte in (1, 2, 3, 4, 5))


def account(byte):
    return bytes([byte]) * 16


def account_id(value):
    return value if isinstance(value, str) else 'acc_' + b64(value)


CTI = bytes(range(16))
ISSUED, EXPIRES, SHOWN = 1796112000, 1796198400, 1796115600  # 2026-12-01T08:00:00Z, a day later, 09:00:00Z
LIMITS = ['EUR', 500, 2000, 10, [account(1), account(2), account(3)]]


def claims(**changes):
    given = {'iss': 'kXWqv0pOc3o', 'exp': EXPIRES, 'iat': ISSUED, 'cti': CTI, 'cnf': {1: {1: 1, -1: 6, -2: holder.public}}, 'limits': LIMITS}
    given.update(changes)
    labels = {'iss': 1, 'exp': 4, 'iat': 6, 'cti': 7, 'cnf': 8, 'limits': -65537}
    return {labels[name]: value for name, value in given.items() if value is not None}


def encoded_claims(**changes):
    """The same with some values encoded by hand."""
    value = claims()
    labels = {'iss': 1, 'exp': 4, 'iat': 6, 'cti': 7, 'cnf': 8, 'limits': -65537}
    by_hand = {labels[name]: data for name, data in changes.items()}
    parts = []
    for label in (1, 4, 6, 7, 8, -65537):
        parts += [C(label), by_hand.get(label, C(value[label]))]
    return members(*parts)


def limits(each=C(500), total=C(2000), uses=C(10), payees=C(LIMITS[4]), currency=C('EUR')):
    return encoded_claims(limits=items(currency, each, total, uses, payees))


def sign(payload, key, protected, aad=b'', context='Signature1'):
    return key.private.sign(C([context, protected, aad, payload]))


def sign1(payload, key, protected, aad=b'', *, tag=b'\xd2', unprotected=b'\xa0', context='Signature1', signature=None):
    given = signature if signature is not None else sign(payload, key, protected, aad, context)
    return tag + items(blob(protected), unprotected, blob(payload), blob(given))


def header(kid=server.kid):
    return C({1: -8, 4: kid})


def token(payload=None, key=server, protected=None, **more):
    data = payload if isinstance(payload, bytes) else C(payload or claims())
    return sign1(data, key, protected if protected is not None else header(key.kid), **more)


PROOF = [1, SHOWN, 450, account(2)]


def proof(signed_token, payload=None, key=holder, protected=None, aad=None, **more):
    data = payload if isinstance(payload, bytes) else C(payload or PROOF)
    given = hashlib.sha256(signed_token).digest() if aad is None else aad
    return sign1(data, key, protected if protected is not None else C({1: -8}), given, **{'tag': b'', **more})


def code(signed_token=None, signed_proof=None):
    given = token() if signed_token is None else signed_token
    return items(given, proof(given) if signed_proof is None else signed_proof)


def text(data):
    return 'LK1:' + base45(data)


def valid(what, token_claims, shown, key=server):
    signed = token(token_claims, key)
    shown_by = proof(signed, shown)
    currency, each, total, uses, *payees = token_claims[-65537]
    return {
        'what': what,
        'token': {
            'id': 'code_' + b64(token_claims[7]), 'issuer': token_claims[1], 'currency': currency, 'max_each': each, 'max_total': total, 'uses': uses,
            'payees': [account_id(one) for one in payees[0]] if payees else None,
            'issued_at': token_claims[6], 'expires_at': token_claims[4], 'holder_key': b64(token_claims[8][1][-2]),
        },
        'proof': {'counter': shown[0], 'at': shown[1], 'amount': shown[2], 'payee_id': None if shown[3] is None else account_id(shown[3])},
        'kid': b64(key.kid), 'signing_seed': b64(key.seed), 'holder_seed': b64(holder.seed),
        'token_hex': signed.hex(), 'proof_hex': shown_by.hex(), 'text': text(items(signed, shown_by)),
    }


VALID = [
    valid('a typical code: both amounts, three payees, amount and payee bound', claims(), PROOF),
    valid('as little as can be said', claims(limits=['JPY', 1, 1, 1]), [1, SHOWN, None, None]),
    valid('as much as can be said', claims(
        iss='i' * 64, exp=253402300799, iat=0,
        limits=['USD', 999999999999, 999999999999, 1000000, [f'{number:064}' for number in range(16)]],
    ), [2147483647, 253402300799, 999999999999, '0' * 64]),
    valid('sixteen payees', claims(limits=['EUR', 999999, 9999999, 1000, [account(number) for number in range(16)]]), PROOF),
    valid('payees whose ids are not made of 16 bytes', claims(limits=['EUR', 24, 256, 255, ['codes_EUR', 'acc_short', account(9)]]), [23, SHOWN, 24, 'codes_EUR']),
    valid('an id that begins as one of 16 bytes and has bits too many', claims(limits=['EUR', 65535, 65536, 10, ['acc_' + 'A' * 21 + 'B']]), [24, SHOWN, None, None]),
    valid('by the other key', claims(limits=['EUR', 4294967295, 4294967296, 10]), [256, SHOWN, 65536, None], next_server),
]

GOOD = token()
TYPICAL = code()
CUT = 'it ends where'


def refused(what, reason, *, given=None, shown=None, whole=None, as_text=None, error='code_malformed'):
    """`given` is a token, `shown` a proof, `whole` a code."""
    data = whole if whole is not None else code(given, shown)
    return {'what': what, 'text': as_text if as_text is not None else text(data), 'error': error, 'reason': reason}


TYPICAL_TEXT = text(TYPICAL)
SIGNATURE = 'The code is not signed by the server'
HOLDER = 'The code is not shown by its holder'
not_signed = {'error': 'code_signature_invalid'}
not_shown = {'error': 'code_proof_invalid'}
NESTED = b'\x81' * 1000 + b'\x80'


def unsigned_header(protected):
    return token(protected=protected)


REFUSED = [
    # The text.
    refused('no prefix', 'it does not begin with LK1:', as_text=TYPICAL_TEXT[4:]),
    refused('a character too many for a QR code', 'it is longer than what a QR code holds', as_text=TYPICAL_TEXT + '0' * (4297 - len(TYPICAL_TEXT))),
    refused('base45 that is cut off', 'its base45 is cut off', as_text=TYPICAL_TEXT[:-(len(TYPICAL_TEXT) - 4) % 3 - 2 or None]),
    refused('a letter in lower case', 'character 100 is none of base45', as_text=TYPICAL_TEXT[:100] + 'a' + TYPICAL_TEXT[101:]),
    refused('the end of its line', f'character {len(TYPICAL_TEXT)} is none of base45', as_text=TYPICAL_TEXT + '\r\n\n'),
    refused('three characters that stand for more than 65535', 'the base45 at character 4 stands for no two bytes', as_text='LK1:GGW' + TYPICAL_TEXT[7:]),
    refused('two last characters that stand for more than 255', 'the base45 at character 10 stands for no byte', as_text='LK1:BB8BB8::'),
    refused('nothing', f'{CUT} it should be', as_text='LK1:'),
    # The list of two.
    refused('a map', 'it is a map and not a list', whole=members(C(1), GOOD)),
    refused('a list of one', 'it has 1 items and not 2', whole=items(GOOD)),
    refused('a list of three', 'it has 3 items and not 2', whole=items(GOOD, proof(GOOD), C(0))),
    refused('a list that claims 2^32 items', 'it has 4294967296 items and not 2', whole=bytes.fromhex('9b0000000100000000') + TYPICAL[1:]),
    refused('a list without a definite length', 'it has no definite length', whole=b'\x9f' + TYPICAL[1:] + b'\xff'),
    refused('a list whose length is written longer than need be', 'it is written longer than need be', whole=b'\x98\x02' + TYPICAL[1:]),
    refused('a tag around it', 'it is a tag and not a list', whole=cbor2.dumps(cbor2.CBORTag(55799, 0))[:3] + TYPICAL),
    refused('a byte behind it', 'there is more behind it', whole=TYPICAL + b'\x00'),
    refused('its last byte missing', 'the signature of the proof is longer than all there is', whole=TYPICAL[:-1]),
    refused('the proof missing', f'{CUT} the proof should be', whole=TYPICAL[:1 + len(GOOD)]),
    refused('lists in lists in lists', 'the token is a list and not a tag', whole=items(NESTED, NESTED)),
    # The token's structure.
    refused('a token with the tag of COSE_Sign', 'the token has the tag 98 and not 18', given=token(tag=b'\xd8\x62')),
    refused('a token with the tag of a CWT around it', 'the token has the tag 61 and not 18', given=token(tag=b'\xd8\x3d\xd2')),
    refused('a tag that is written longer than need be', 'the token is written longer than need be', given=token(tag=b'\xd8\x12')),
    refused('a token without a tag', 'the token is a list and not a tag', given=token(tag=b'')),
    refused('a token of three', 'the token has 3 items and not 4', given=b'\xd2' + items(blob(header()), b'\xa0', blob(C(claims())))),
    refused('a token without a definite length', 'the token has no definite length', given=b'\xd2\x9f' + GOOD[2:] + b'\xff'),
    refused('a token whose protected header is a map', 'the protected header of the token is a map and not bytes', given=b'\xd2' + items(header(), b'\xa0', blob(C(claims())), blob(bytes(64)))),
    refused('an empty protected header', f'{CUT} the protected header of the token should be', given=token(protected=b'')),
    refused('algorithm none', 'the algorithm of the token is text and not a number', given=token(protected=C({1: 'none', 4: server.kid}))),
    refused('algorithm 0', 'the algorithm of the token is 0 and not EdDSA (-8)', given=token(protected=C({1: 0, 4: server.kid}))),
    refused('ES256', 'the algorithm of the token is -7 and not EdDSA (-8)', given=token(protected=C({1: -7, 4: server.kid}))),
    refused('Ed25519 by its newer number', 'the algorithm of the token is -19 and not EdDSA (-8)', given=token(protected=C({1: -19, 4: server.kid}))),
    refused('no algorithm', 'the protected header of the token lacks the key 1', given=token(protected=C({4: server.kid}))),
    refused('an algorithm that is written longer than need be', 'the algorithm of the token is written longer than need be', given=token(protected=members(C(1), b'\x38\x07', C(4), C(server.kid)))),
    refused('no kid', 'the protected header of the token lacks the key 4', given=token(protected=C({1: -8}))),
    refused('kid in the unprotected header', 'the unprotected header of the token has the key 4, which is not known here', given=token(unprotected=C({4: server.kid}))),
    refused('an algorithm in the unprotected header', 'the unprotected header of the token has the key 1, which is not known here', given=token(unprotected=C({1: -8}))),
    refused('lists in lists in the unprotected header', 'the unprotected header of the token has the key 33, which is not known here', given=token(unprotected=members(C(33), NESTED))),
    refused('a kid of 7 bytes', 'the key id of the token has 7 bytes and not 8', given=token(protected=C({1: -8, 4: server.kid[:7]}))),
    refused('critical headers', 'the protected header of the token has the key 2, which is not known here', given=token(protected=C({1: -8, 2: [4], 4: server.kid}))),
    refused('a content type', 'the protected header of the token has the key 3, which is not known here', given=token(protected=C({1: -8, 3: 0, 4: server.kid}))),
    refused('a key twice in the protected header', 'the protected header of the token has the key 1 twice', given=token(protected=members(C(1), C(-8), C(1), C(-8), C(4), C(server.kid)))),
    refused('the protected header out of order', 'the keys of the protected header of the token are not in order', given=token(protected=members(C(4), C(server.kid), C(1), C(-8)))),
    refused('a protected header without a definite length', 'the protected header of the token has no definite length', given=token(protected=b'\xbf' + header()[1:] + b'\xff')),
    refused('bytes behind the protected header', 'there is more behind the protected header of the token', given=token(protected=header() + b'\x00')),
    refused('a text as key of the protected header', 'a key of the protected header of the token is text and not a number', given=token(protected=C({1: -8, 4: server.kid, 'x': 1}))),
    refused('a detached payload', 'the payload of the token is a float or simple value and not bytes', given=b'\xd2' + items(blob(header()), b'\xa0', b'\xf6', blob(bytes(64)))),
    refused('a payload in pieces', 'the payload of the token has no definite length', given=b'\xd2' + items(blob(header()), b'\xa0', b'\x5f' + blob(C(claims())) + b'\xff', blob(bytes(64)))),
    refused('a payload that claims 2^32 bytes', 'the payload of the token is longer than all there is', given=b'\xd2' + items(blob(header()), b'\xa0', bytes.fromhex('5b0000000100000000'), blob(bytes(64)))),
    refused('a payload that claims 2^62 bytes', 'the payload of the token is a number beyond 2^53', given=b'\xd2' + items(blob(header()), b'\xa0', bytes.fromhex('5b4000000000000000'), blob(bytes(64)))),
    refused('a byte that CBOR does not have', 'the payload of the token begins with a byte that CBOR does not have', given=b'\xd2' + items(blob(header()), b'\xa0', b'\x5c', blob(bytes(64)))),
    refused('a signature of 63 bytes', 'the signature of the token has 63 bytes and not 64', given=token(signature=bytes(63))),
    # Signatures.
    refused('a signature over other claims', SIGNATURE, given=token(signature=sign(C(claims(exp=EXPIRES + 1)), server, header())), **not_signed),
    refused('a signature over another header', SIGNATURE, given=token(signature=sign(C(claims()), server, C({1: -8}))), **not_signed),
    refused('a signature in the context of COSE_Sign', SIGNATURE, given=token(context='Signature'), **not_signed),
    refused('a signature with external data', SIGNATURE, given=token(aad=b'x'), **not_signed),
    refused('a signature by the holder', SIGNATURE, given=token(key=holder, protected=header()), **not_signed),
    refused('a signature of nothing', SIGNATURE, given=token(signature=bytes(64)), **not_signed),
    refused('a key that nobody trusts', SIGNATURE, given=token(key=stranger), **not_signed),
    refused('nonsense that is not signed: the signature comes first', SIGNATURE, given=token(payload=NESTED, signature=bytes(64)), **not_signed),
    refused('a proof by somebody else', HOLDER, shown=proof(GOOD, key=stranger), **not_shown),
    refused('a proof by the server', HOLDER, shown=proof(GOOD, key=server), **not_shown),
    refused('a proof for another token of the same holder', HOLDER, shown=proof(token(claims(cti=bytes(16)))), **not_shown),
    refused('a proof for no token', HOLDER, shown=proof(GOOD, aad=b''), **not_shown),
    refused('a proof over another amount', HOLDER, shown=proof(GOOD, signature=sign(C([1, SHOWN, 45, account(2)]), holder, C({1: -8}), hashlib.sha256(GOOD).digest())), **not_shown),
    refused('a holder’s key that is no point', HOLDER, given=token(claims(cnf={1: {1: 1, -1: 6, -2: b'\xff' * 32}})), **not_shown),
    # What a token says, signed as it has to be.
    refused('no map', 'what the token says is a list and not a map', given=token(payload=C([]))),
    refused('a claim missing', 'what the token says lacks the key 4', given=token(claims(exp=None))),
    refused('the last claim missing', 'what the token says lacks the key -65537', given=token(claims(limits=None))),
    refused('a subject', 'what the token says has the key 2, which is not known here', given=token({1: 'kXWqv0pOc3o', 2: 'x', **claims()})),
    refused('a claim of ours that comes later', 'what the token says has the key -65538, which is not known here', given=token({**claims(), -65538: 1})),
    refused('a claim twice', 'what the token says has the key 6 twice', given=token(payload=b'\xa7' + C(claims())[1:].replace(C(6) + C(ISSUED), (C(6) + C(ISSUED)) * 2))),
    refused('claims out of order', 'the keys of what the token says are not in order', given=token(payload=members(*[part for label in (4, 1, 6, 7, 8, -65537) for part in (C(label), C(claims()[label]))]))),
    refused('our claim first', 'the keys of what the token says are not in order', given=token(payload=members(*[part for label in (-65537, 1, 4, 6, 7, 8) for part in (C(label), C(claims()[label]))]))),
    refused('2^32 claims', f'{CUT} a key of what the token says should be', given=token(payload=bytes.fromhex('bb0000000100000000') + C(claims())[1:])),
    refused('a key that is written longer than need be', 'a key of what the token says is written longer than need be', given=token(payload=C(claims())[:1] + b'\x18\x01' + C(claims())[2:])),
    refused('bytes behind the claims', 'there is more behind what the token says', given=token(payload=C(claims()) + b'\xf6')),
    refused('an issuer that is a list in a list', 'the issuer is a list and not text', given=token(payload=encoded_claims(iss=b'\x81' * 500 + b'\x80'))),
    refused('an issuer that is not UTF-8', 'the issuer is not UTF-8', given=token(payload=encoded_claims(iss=b'\x62\xc3\x28'))),
    refused('half of a surrogate pair', 'the issuer is not UTF-8', given=token(payload=encoded_claims(iss=b'\x63\xed\xa0\x80'))),
    refused('an issuer that is no id', 'the issuer is no id', given=token(claims(iss='Mallory & Sons'))),
    refused('an expiry with a fraction', 'the expiry is a float or simple value and not a number from 0 on', given=token(payload=encoded_claims(exp=b'\xfb' + struct.pack('>d', EXPIRES + 0.5)))),
    refused('an expiry that is written longer than need be', 'the expiry is written longer than need be', given=token(payload=encoded_claims(exp=b'\x1b' + EXPIRES.to_bytes(8, 'big')))),
    refused('an expiry after the year 9999', 'the expiry is after the year 9999', given=token(claims(exp=253402300800))),
    refused('issued before 1970', 'the time of issue is a negative number and not a number from 0 on', given=token(claims(iat=-1))),
    refused('it expires when it is issued', 'it expires before it is valid', given=token(claims(exp=ISSUED))),
    refused('an id of 15 bytes', 'the token’s id has 15 bytes and not 16', given=token(claims(cti=CTI[:15]))),
    refused('an id that is text', 'the token’s id is text and not bytes', given=token(claims(cti='code_AAECAwQFBgcICQoLDA0ODw'))),
    refused('a holder’s key by its id', 'the confirmation has the key 3, which is not known here', given=token(claims(cnf={3: b'12345678'}))),
    refused('a holder’s key of another type', 'the type of the holder’s key is 2 and not 1', given=token(claims(cnf={1: {1: 2, -1: 6, -2: holder.public}}))),
    refused('a holder’s key on another curve', 'the curve of the holder’s key is 4 and not 6', given=token(claims(cnf={1: {1: 1, -1: 4, -2: holder.public}}))),
    refused('a holder’s key of 31 bytes', 'the holder’s key has 31 bytes and not 32', given=token(claims(cnf={1: {1: 1, -1: 6, -2: holder.public[:31]}}))),
    refused('the holder’s private key', 'the holder’s key has the key -4, which is not known here', given=token(claims(cnf={1: {1: 1, -1: 6, -2: holder.public, -4: bytes(32)}}))),
    refused('limits of three', 'the token’s limits have 3 items and not 4 or 5', given=token(claims(limits=['EUR', 500, 2000]))),
    refused('limits of six', 'the token’s limits have 6 items and not 4 or 5', given=token(claims(limits=[*LIMITS, 1]))),
    refused('a currency that there is not', 'the currency is none of ISO 4217', given=token(claims(limits=['XXX', 500, 2000, 10]))),
    refused('a largest amount below nothing', 'the largest amount is a negative number and not a number from 0 on', given=token(claims(limits=['EUR', -500, 2000, 10]))),
    refused('a largest amount of nothing', 'the largest amount is nothing', given=token(claims(limits=['EUR', 0, 2000, 10]))),
    refused('a largest amount as float', 'the largest amount is a float or simple value and not a number from 0 on', given=token(payload=limits(each=b'\xf9\x5f\xd0'))),
    refused('a largest amount above the total', 'the largest amount is more than the total', given=token(claims(limits=['EUR', 2001, 2000, 10]))),
    refused('a total below nothing', 'the total is a negative number and not a number from 0 on', given=token(claims(limits=['EUR', 500, -2000, 10]))),
    refused('a total that is more than is moved', 'the total is more than is moved at once', given=token(claims(limits=['EUR', 500, 1000000000000, 10]))),
    refused('a total of 2^53', 'the total is a number beyond 2^53', given=token(claims(limits=['EUR', 500, 2 ** 53, 10]))),
    refused('a total as big number', 'the total is a tag and not a number from 0 on', given=token(payload=limits(total=b'\xc2\x42\x07\xd0'))),
    refused('no uses', 'it has no uses', given=token(claims(limits=['EUR', 500, 2000, 0]))),
    refused('uses without end', 'it has more than 1000000 uses', given=token(claims(limits=['EUR', 500, 2000, 1000001]))),
    refused('an empty list of payees', 'its list of payees is empty', given=token(claims(limits=['EUR', 500, 2000, 10, []]))),
    refused('null for payees', 'the list of payees is a float or simple value and not a list', given=token(claims(limits=['EUR', 500, 2000, 10, None]))),
    refused('17 payees', 'it names 17 payees, more than the 16 that it may', given=token(claims(limits=['EUR', 500, 2000, 10, [account(number) for number in range(17)]]))),
    refused('2^40 payees', 'it names 1099511627776 payees, more than the 16 that it may', given=token(payload=limits(payees=bytes.fromhex('9b0000010000000000')))),
    refused('a payee twice', 'it names a payee twice', given=token(claims(limits=['EUR', 500, 2000, 10, [account(1), account(1)]]))),
    refused('a payee that is no id', 'a payee is no id', given=token(claims(limits=['EUR', 500, 2000, 10, ['a b']]))),
    refused('a payee of 15 bytes', 'a payee has 15 bytes and not 16', given=token(claims(limits=['EUR', 500, 2000, 10, [bytes(15)]]))),
    refused('a payee as text that has to be bytes', 'a payee is text, where it has to be bytes', given=token(claims(limits=['EUR', 500, 2000, 10, [account_id(account(1))]]))),
    # The proof's structure.
    refused('a proof with a tag', 'the proof is a tag and not a list', shown=proof(GOOD, tag=b'\xd2')),
    refused('a proof by ES256', 'the algorithm of the proof is -7 and not EdDSA (-8)', shown=proof(GOOD, protected=C({1: -7}))),
    refused('a proof with a kid', 'the protected header of the proof has the key 4, which is not known here', shown=proof(GOOD, protected=C({1: -8, 4: holder.kid}))),
    refused('a proof with an unprotected kid', 'the unprotected header of the proof has the key 4, which is not known here', shown=proof(GOOD, unprotected=C({4: holder.kid}))),
    # What a proof says, signed as it has to be.
    refused('a proof of three', 'what the proof says has 3 items and not 4', shown=proof(GOOD, PROOF[:3])),
    refused('a proof of five', 'what the proof says has 5 items and not 4', shown=proof(GOOD, [*PROOF, 1])),
    refused('a proof as map', 'what the proof says is a map and not a list', shown=proof(GOOD, C({1: 1}))),
    refused('bytes behind what the proof says', 'there is more behind what the proof says', shown=proof(GOOD, C(PROOF) + b'\x00')),
    refused('counter 0', 'the counter is 0', shown=proof(GOOD, [0, SHOWN, 450, None])),
    refused('a counter below 0', 'the counter is a negative number and not a number from 0 on', shown=proof(GOOD, [-1, SHOWN, 450, None])),
    refused('a counter of 2^31', 'the counter is above 2147483647', shown=proof(GOOD, [2 ** 31, SHOWN, 450, None])),
    refused('a counter that is written longer than need be', 'the counter is written longer than need be', shown=proof(GOOD, items(b'\x18\x01', C(SHOWN), C(450), C(None)))),
    refused('a proof after the year 9999', 'the proof’s time is after the year 9999', shown=proof(GOOD, [1, 253402300800, 450, None])),
    refused('a proof over nothing', 'the proof’s amount is nothing', shown=proof(GOOD, [1, SHOWN, 0, None])),
    refused('a proof over less than nothing', 'the proof’s amount is a negative number and not a number from 0 on', shown=proof(GOOD, [1, SHOWN, -450, None])),
    refused('a proof over more than is moved', 'the proof’s amount is more than is moved at once', shown=proof(GOOD, [1, SHOWN, 10 ** 12, None])),
    refused('undefined for the amount', 'the proof’s amount is a float or simple value and not a number from 0 on', shown=proof(GOOD, items(C(1), C(SHOWN), b'\xf7', C(None)))),
    refused('a proof for nobody', 'the proof’s payee is no id', shown=proof(GOOD, [1, SHOWN, 450, ''])),
    refused('a proof’s payee as text that has to be bytes', 'the proof’s payee is text, where it has to be bytes', shown=proof(GOOD, [1, SHOWN, 450, account_id(account(2))])),
]

SAME_KID = {
    'what': 'signed by the second of two keys of one kid',
    'keys': [b64(server.public), b64(next_server.public)],
    'text': text(code(token(key=next_server, protected=header(server.kid)))),
}

# Receipts.

CODE_HASH = hashlib.sha256(TYPICAL).digest()


def receipt_payload(**changes):
    names = ('register', 'payee', 'token', 'counter', 'amount', 'currency', 'at', 'trust_as_of', 'code_hash')
    given = dict(zip(names, ('reg_1', account(2), CTI, 1, 450, 'EUR', SHOWN + 5, SHOWN - 3600, CODE_HASH)), **changes)
    return {label: given[name] for label, name in enumerate(names, 1) if given[name] is not None}


def receipt(payload=None, key=register, protected=None, **more):
    data = payload if isinstance(payload, bytes) else C(payload or receipt_payload())
    return sign1(data, key, protected if protected is not None else C({1: -8}), **more)


def valid_receipt(what, payload):
    signed = receipt(payload)
    return {
        'what': what,
        'receipt': {
            'register_id': payload[1], 'payee_id': account_id(payload[2]), 'token_id': 'code_' + b64(payload[3]), 'counter': payload[4],
            'amount': payload[5], 'currency': payload[6], 'at': payload[7], 'trust_as_of': payload[8], 'code_hash': b64(payload[9]),
        },
        'id': 'rcp_' + b64(hashlib.sha256(signed).digest()), 'receipt_hex': signed.hex(), 'text': 'LKR1:' + base45(signed),
    }


def refused_receipt(what, reason, data=None, *, as_text=None, error='receipt_malformed'):
    return {'what': what, 'text': as_text if as_text is not None else 'LKR1:' + base45(data), 'error': error, 'reason': reason}


RECEIPT_SIGNATURE = 'The receipt is not signed by this cash register'
no_receipt = {'error': 'receipt_signature_invalid'}
RECEIPTS = [
    valid_receipt('of the typical code', receipt_payload()),
    valid_receipt('as much as can be said', receipt_payload(
        register='r' * 64, payee='p' * 64, counter=2147483647, amount=999999999999, at=253402300799, trust_as_of=253402300799,
    )),
]
RECEIPTS_REFUSED = [
    refused_receipt('a code', 'it does not begin with LKR1:', as_text=TYPICAL_TEXT),
    refused_receipt('a character too many', 'it is too long', as_text='LKR1:' + '0' * 577),
    refused_receipt('base45 that is cut off', 'its base45 is cut off', as_text='LKR1:BB8B'),
    refused_receipt('a byte behind it', 'there is more behind the receipt', receipt() + b'\x00'),
    refused_receipt('no tag', 'the receipt is a list and not a tag', receipt(tag=b'')),
    refused_receipt('ES256', 'the algorithm of the receipt is -7 and not EdDSA (-8)', receipt(protected=C({1: -7}))),
    refused_receipt('a kid', 'the protected header of the receipt has the key 4, which is not known here', receipt(protected=C({1: -8, 4: register.kid}))),
    refused_receipt('another register', RECEIPT_SIGNATURE, receipt(key=stranger), **no_receipt),
    refused_receipt('a signature over another amount', RECEIPT_SIGNATURE, receipt(signature=sign(C(receipt_payload(amount=4500)), register, C({1: -8}))), **no_receipt),
    refused_receipt('nonsense that is not signed', RECEIPT_SIGNATURE, receipt(payload=NESTED[-200:], signature=bytes(64)), **no_receipt),
    refused_receipt('a member missing', 'what the receipt says lacks the key 8', receipt(receipt_payload(trust_as_of=None))),
    refused_receipt('a member twice', 'what the receipt says has the key 4 twice', receipt(payload=b'\xaa' + C(receipt_payload())[1:].replace(C(4) + C(1), (C(4) + C(1)) * 2, 1))),
    refused_receipt('members out of order', 'the keys of what the receipt says are not in order', receipt(payload=members(*[part for label in (2, 1, 3, 4, 5, 6, 7, 8, 9) for part in (C(label), C(receipt_payload()[label]))]))),
    refused_receipt('a register that is no id', 'the register is no id', receipt(receipt_payload(register='Till 1'))),
    refused_receipt('a register that is not UTF-8', 'the register is not UTF-8', receipt(payload=b'\xa9\x01\x62\xc3\x28' + C(receipt_payload())[1 + len(C(1) + C('reg_1')):])),
    refused_receipt('counter 0', 'the counter is 0', receipt(receipt_payload(counter=0))),
    refused_receipt('nothing taken', 'the amount is nothing', receipt(receipt_payload(amount=0))),
    refused_receipt('less than nothing', 'the amount is a negative number and not a number from 0 on', receipt(receipt_payload(amount=-1))),
    refused_receipt('a currency that there is not', 'the currency is none of ISO 4217', receipt(receipt_payload(currency='XXX'))),
    refused_receipt('a hash of 20 bytes', 'the code’s hash has 20 bytes and not 32', receipt(receipt_payload(code_hash=bytes(20)))),
]


def write(name, value):
    with open(name, 'w', encoding='utf-8') as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write('\n')


write('credit-code.json', {'trusted': [server.json(), next_server.json()], 'vectors': VALID, 'refused': REFUSED, 'same_kid': SAME_KID})
write('code-receipt.json', {'register': register.json(), 'vectors': RECEIPTS, 'refused': RECEIPTS_REFUSED})
