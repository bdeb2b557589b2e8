// Opens and makes envelopes with npm's jose and hpke, and with nothing of the hub.
// Reads a JSON list of requests from standard input and writes the list of answers.

import { createHash, webcrypto } from 'node:crypto'
import * as jose from 'jose'
import * as hpke from 'hpke'

const HPKE_INFO = Uint8Array.from(Buffer.from('JOSE-HPKE rcpt\xffA256GCM\xff', 'latin1'))
const hpkeSuite = new hpke.CipherSuite(hpke.KEM_MLKEM768_X25519, hpke.KDF_SHAKE256, hpke.AEAD_AES_256_GCM)

const utf8 = new TextEncoder()
const b64u = (bytes) => Buffer.from(bytes).toString('base64url')
const unb64u = (text) => Uint8Array.from(Buffer.from(text, 'base64url'))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest()

// RFC 8785 for values without floats: Array.prototype.sort compares UTF-16 units, as it asks.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

async function verifyJws(jws, keys) {
  const verified = []
  for (const { protected: header, signature } of jws.signatures) {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url'))
    const key = await jose.importJWK(keys.find((jwk) => jwk.kid === kid), alg)
    const { payload } = await jose.flattenedVerify(
      { payload: jws.payload, protected: header, signature }, key, { algorithms: ['ES256', 'ML-DSA-65'] })
    verified.push({ alg, payload: Buffer.from(payload).toString() })
  }
  return verified
}

async function contentKeyByHpke(jwe, jwk) {
  const entry = jwe.recipients.find(({ header }) => header.kid === jwk.kid)
  const key = await hpkeSuite.DeserializePrivateKey(unb64u(jwk.priv), true)
  return hpkeSuite.Open(key, unb64u(entry.header.ek), unb64u(entry.encrypted_key), { info: HPKE_INFO })
}

async function decryptByHpke(jwe, jwk) {
  const raw = await contentKeyByHpke(jwe, jwk)
  const key = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
  const sealed = Buffer.concat([unb64u(jwe.ciphertext), unb64u(jwe.tag)])
  return webcrypto.subtle.decrypt(
    { name: 'AES-GCM', iv: unb64u(jwe.iv), additionalData: utf8.encode(jwe.protected) }, key, sealed)
}

async function open({ envelope, reader, sender }) {
  const jwe = JSON.parse(envelope)
  const { alg } = JSON.parse(Buffer.from(jwe.protected, 'base64url'))
  let plaintext
  if (alg === 'HPKE-9-KE') {
    plaintext = await decryptByHpke(jwe, reader)
  } else {
    const key = await jose.importJWK(reader, alg)
    const options = { keyManagementAlgorithms: ['ECDH-ES+A256KW'], contentEncryptionAlgorithms: ['A256GCM'] }
    plaintext = (await jose.generalDecrypt(jwe, key, options)).plaintext
  }
  return { signatures: await verifyJws(JSON.parse(Buffer.from(plaintext)), sender) }
}

async function signJws(payload, typ, suite, keys) {
  const signer = new jose.GeneralSign(utf8.encode(payload))
  for (const jwk of keys) {
    const alg = jwk.alg ?? 'ES256'
    signer.addSignature(await jose.importJWK(jwk, alg)).setProtectedHeader({ typ, alg, suite, kid: jwk.kid })
  }
  return JSON.stringify(await signer.sign())
}

async function encryptByHpke(plaintext, protectedHeader, recipients) {
  const raw = webcrypto.getRandomValues(new Uint8Array(32))
  const iv = webcrypto.getRandomValues(new Uint8Array(12))
  const encoded = b64u(utf8.encode(JSON.stringify(protectedHeader)))
  const key = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
  const sealed = new Uint8Array(await webcrypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: utf8.encode(encoded) }, key, plaintext))
  const entries = []
  for (const jwk of recipients) {
    const publicKey = await hpkeSuite.DeserializePublicKey(unb64u(jwk.pub))
    const { encapsulatedSecret, ciphertext } = await hpkeSuite.Seal(publicKey, raw, { info: HPKE_INFO })
    entries.push({ header: { kid: jwk.kid, ek: b64u(encapsulatedSecret) }, encrypted_key: b64u(ciphertext) })
  }
  return {
    protected: encoded, recipients: entries, iv: b64u(iv),
    ciphertext: b64u(sealed.subarray(0, -16)), tag: b64u(sealed.subarray(-16)),
  }
}

async function encryptByJose(plaintext, protectedHeader, recipients) {
  const encrypter = new jose.GeneralEncrypt(plaintext).setProtectedHeader(protectedHeader)
  for (const jwk of recipients) {
    const key = await jose.importJWK(jwk, 'ECDH-ES+A256KW')
    encrypter.addRecipient(key).setUnprotectedHeader({ kid: jwk.kid })
  }
  return encrypter.encrypt()
}

async function make({ content, manifest, header, suite, signing, recipients }) {
  const jws = await signJws(canonical({ manifest, content }), 'hub-record+json', suite, signing)
  const plaintext = utf8.encode(jws)
  const hybrid = suite === 'hybrid-1'
  const protectedHeader = {
    typ: 'hub-envelope+json', alg: hybrid ? 'HPKE-9-KE' : 'ECDH-ES+A256KW', enc: 'A256GCM',
    bind: b64u(sha256(plaintext)), ...header,
  }
  const encrypt = hybrid ? encryptByHpke : encryptByJose
  return { envelope: JSON.stringify(await encrypt(plaintext, protectedHeader, recipients)) }
}

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const answers = []
for (const request of JSON.parse(Buffer.concat(chunks))) {
  try {
    answers.push(await (request.step === 'open' ? open(request) : make(request)))
  } catch (error) {
    answers.push({ error: String(error) })
  }
}
process.stdout.write(JSON.stringify(answers))
