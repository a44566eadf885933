# Verifies COSE_Sign1 messages with ruby-cose: a list of {signed, public_key, kid, external_aad} as JSON on stdin, all in
# hex; a list of their payloads on stdout, or of what the library says against them.
require "cose"
require "json"
require "openssl"

# The library knows no EdDSA: the algorithm is OpenSSL's.
class EdDSA < COSE::Algorithm::SignatureAlgorithm
  SPKI_PREFIX = ["302a300506032b6570032100"].pack("H*")

  private

  def valid_key?(key)
    key.is_a?(COSE::Key::OKP) && key.crv == 6
  end

  def to_pkey(key)
    OpenSSL::PKey.read(SPKI_PREFIX + key.x)
  end

  def valid_signature?(key, signature, verification_data)
    to_pkey(key).verify(nil, signature, verification_data)
  end
end

COSE::Algorithm.register(EdDSA.new(-8, "EdDSA"))

def bytes(hex)
  [hex].pack("H*")
end

def verified(message)
  sign1 = COSE::Sign1.deserialize(bytes(message["signed"]))
  key = COSE::Key::OKP.new(crv: 6, x: bytes(message["public_key"]), kid: message["kid"] && bytes(message["kid"]))
  sign1.verify(key, bytes(message["external_aad"]))
  { payload: sign1.payload.unpack1("H*") }
rescue COSE::Error => e
  { error: e.message }
end

puts JSON.generate(JSON.parse($stdin.read).map { |message| verified(message) })
