// Signing keys that can be rotated while the provider runs, and signatures no provider would make.

import crypto from 'node:crypto';

const encode = (value) => Buffer.from(value).toString('base64url');

const GENERATORS = {
  RSA: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EC: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  OKP: () => crypto.generateKeyPairSync('ed25519'),
};
const TYPE_OF = { RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP' };

function signature(alg, key, data) {
  const hash = `sha${alg.slice(2)}`;
  switch (alg.slice(0, 2)) {
    case 'RS':
      return crypto.sign(hash, data, key);
    case 'PS':
      return crypto.sign(hash, data, {
        key,
        padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
        saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'ES':
      return crypto.sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
    case 'Ed':
      return crypto.sign(null, data, key);
    default:
      throw new Error(`no signature with ${alg}`);
  }
}

export class Keys {
  constructor(profile) {
    this.profile = profile;
    this.generations = [];
    this.published = [];
    this.foreign = this.generate();
    this.rotate(false);
  }

  // One key of each type that the profile publishes; what the provider issues is signed with RSA.
  generate() {
    const keys = {};
    for (const type of this.profile.keyTypes) {
      keys[type] = { ...GENERATORS[type](), kid: crypto.randomBytes(12).toString('base64url') };
    }
    return keys;
  }

  rotate(keep) {
    this.current = this.generate();
    this.generations.push(this.current);
    this.published = keep ? [this.current, ...this.published] : [this.current];
    return this.current.RSA.kid;
  }

  jwks() {
    const keys = this.published.flatMap((generation) =>
      Object.values(generation).map((key) => ({
        ...key.publicKey.export({ format: 'jwk' }),
        use: 'sig',
        kid: key.kid,
        ...this.profile.describeKey(key),
      })),
    );
    return { keys };
  }

  // A compact JWS over the payload's very text.
  //   key: current, previous, foreign (the current kid, another key), none, public-as-hmac, secret
  sign(payload, { header = {}, alg, key = 'current', secret } = {}) {
    const hmac = key === 'public-as-hmac' || key === 'secret';
    alg ??= hmac ? 'HS256' : 'RS256';
    const type = TYPE_OF[alg.slice(0, 2)] ?? 'RSA';
    const generation = key === 'previous' ? this.generations.at(-2) : this.current;
    const named = generation[type];
    if (!named) throw new Error(`no key for ${alg}`);
    const all = { typ: 'JWT', alg: key === 'none' ? 'none' : alg, kid: named.kid, ...header };
    for (const name of Object.keys(all)) if (all[name] === null) delete all[name];
    const data = `${encode(JSON.stringify(all))}.${encode(payload)}`;
    if (key === 'none') return `${data}.`;
    if (hmac) {
      const shared =
        key === 'secret' ? secret : named.publicKey.export({ type: 'spki', format: 'pem' });
      return `${data}.${crypto.createHmac('sha256', shared).update(data).digest('base64url')}`;
    }
    const signer = key === 'foreign' ? this.foreign[type] : named;
    return `${data}.${encode(signature(alg, signer.privateKey, Buffer.from(data)))}`;
  }

  // The claims of a token that the current or an earlier key signed.
  open(token) {
    const [header, payload, signed] = token.split('.');
    const known = this.generations.some(({ RSA }) =>
      crypto.verify(
        'sha256',
        Buffer.from(`${header}.${payload}`),
        RSA.publicKey,
        Buffer.from(signed ?? '', 'base64url'),
      ),
    );
    return known ? JSON.parse(Buffer.from(payload, 'base64url')) : undefined;
  }

  // Keys in the form that oidc-provider takes. It wants them all at the start, so these are places
  // that generations move into; only the place of the newest may sign.
  places(ExternalSigningKey, count = 16) {
    const keys = this;
    class Place extends ExternalSigningKey {
      constructor(index) {
        super();
        this.index = index;
        this.alg = 'RS256';
      }

      get generation() {
        const latest = keys.generations.length - 1;
        const turn = latest - ((((latest - this.index) % count) + count) % count);
        return keys.generations[turn];
      }

      get kid() {
        return this.generation?.RSA.kid ?? `unused-${this.index}`;
      }

      get key_ops() {
        return this.generation === keys.current ? ['sign', 'verify'] : ['verify'];
      }

      keyObject() {
        return (this.generation ?? keys.current).RSA.publicKey;
      }

      sign(data) {
        return signature('RS256', this.generation.RSA.privateKey, data);
      }
    }
    return Array.from({ length: count }, (_, index) => new Place(index));
  }
}
