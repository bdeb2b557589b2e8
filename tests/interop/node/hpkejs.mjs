// Opens and seals the content key of hybrid-1 with the X-Wing of npm's @hpke packages, and with nothing of the hub.
// They have no SHAKE256 key schedule yet; it stands here, from RFC 9180's successor draft-ietf-hpke-hpke (one-stage KDF).

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { XWing } from '@hpke/hybridkem-x-wing'

const INFO = Buffer.from('JOSE-HPKE rcpt\xffA256GCM\xff', 'latin1')
const KEY_BYTES = 32
const NONCE_BYTES = 12
const EXPORTER_BYTES = 64
const TAG_BYTES = 16
const SUITE_ID = Buffer.concat([Buffer.from('HPKE'), Buffer.from([0x64, 0x7a, 0x00, 0x11, 0x00, 0x02])])

const kem = new XWing()
const number = (value) => Buffer.from([value >> 8, value & 255])
const prefixed = (bytes) => Buffer.concat([number(bytes.length), bytes])
const b64u = (bytes) => Buffer.from(bytes).toString('base64url')
const unb64u = (text) => Buffer.from(text, 'base64url')
const own = (bytes) => Uint8Array.from(bytes).buffer

function keyAndNonce(sharedSecret) {
  const empty = Buffer.alloc(0)
  const secrets = Buffer.concat([prefixed(empty), prefixed(Buffer.from(sharedSecret))])
  const context = Buffer.concat([Buffer.from([0]), prefixed(empty), prefixed(INFO)])
  const length = KEY_BYTES + NONCE_BYTES + EXPORTER_BYTES
  const input = Buffer.concat(
    [secrets, Buffer.from('HPKE-v1'), SUITE_ID, prefixed(Buffer.from('secret')), number(length), context])
  const derived = createHash('shake256', { outputLength: length }).update(input).digest()
  return [derived.subarray(0, KEY_BYTES), derived.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES)]
}

async function open({ ek, encrypted_key: sealed, priv }) {
  const recipientKey = await kem.deserializePrivateKey(own(unb64u(priv)))
  const [key, nonce] = keyAndNonce(await kem.decap({ recipientKey, enc: own(unb64u(ek)) }))
  const bytes = unb64u(sealed)
  const cipher = createDecipheriv('aes-256-gcm', key, nonce)
  cipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  return { content_key: b64u(Buffer.concat([cipher.update(bytes.subarray(0, -TAG_BYTES)), cipher.final()])) }
}

async function seal({ content_key: contentKey, pub }) {
  const recipientPublicKey = await kem.deserializePublicKey(own(unb64u(pub)))
  const { sharedSecret, enc } = await kem.encap({ recipientPublicKey })
  const [key, nonce] = keyAndNonce(sharedSecret)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(unb64u(contentKey)), cipher.final(), cipher.getAuthTag()])
  return { ek: b64u(enc), encrypted_key: b64u(sealed) }
}

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const answers = []
for (const request of JSON.parse(Buffer.concat(chunks))) {
  try {
    answers.push(await (request.step === 'open' ? open(request) : seal(request)))
  } catch (error) {
    answers.push({ error: String(error) })
  }
}
process.stdout.write(JSON.stringify(answers))
