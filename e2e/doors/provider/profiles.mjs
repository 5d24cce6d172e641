// What makes a provider look like Entra ID, like Authentik, or like nobody in particular.

import { guid, hashed } from './accounts.mjs';

export const TENANT = '7d1f0c9e-4a52-4c3b-9d3e-2b1a0f5e6c77';
export const API = '5b0c2f4e-8f6d-4f5a-a1c2-3d4e5f607182';
const seconds = () => Math.floor(Date.now() / 1000);

// oidc-provider gives a refresh token only with prompt=consent, these two give it without.
function offlineAccessWithoutPrompt(request) {
  const url = new URL(request.url, 'http://localhost');
  const scopes = (url.searchParams.get('scope') ?? '').split(' ');
  if (!scopes.includes('offline_access') || url.searchParams.has('prompt')) return;
  url.searchParams.set('prompt', 'consent');
  request.url = url.pathname + url.search;
}

function entra(origin) {
  return {
    name: 'entra',
    issuer: `${origin}/${TENANT}/v2.0`,
    alsoMountedAt: ['/common/v2.0', '/organizations/v2.0'],
    keyTypes: ['RSA'],
    describeKey: ({ kid }) => ({ x5t: kid, issuer: `${origin}/{tenantid}/v2.0` }),
    claimNames: [
      'sub',
      'tid',
      'oid',
      'ver',
      'uti',
      'nbf',
      'roles',
      'groups',
      'acct',
      'xms_edov',
      'sid',
      'upn',
      'unique_name',
      'idtyp',
      'login_hint',
      'wids',
    ],
    defaults: (name, account) => {
      const oid = account.oid ?? guid(`oid ${name}`);
      return {
        oid,
        tid: TENANT,
        sub: hashed(`${oid} gatehall`, 'base64url'),
        ver: '2.0',
        uti: hashed(`${oid} ${Math.random()}`, 'base64url').slice(0, 22),
        nbf: seconds(),
      };
    },
    // The tenant of the person, not of the address, is in the issuer.
    issuerFor: ({ tid }) => `${origin}/${tid}/v2.0`,
    adjustAuthorization: offlineAccessWithoutPrompt,
    rotatesRefreshTokens: false,
    sendsIssuerBack: false,
    backchannelLogout: false,
    adjustDiscovery(document, askedAt) {
      delete document.code_challenge_methods_supported;
      Object.assign(document, { subject_types_supported: ['pairwise'], tenant_region_scope: 'EU' });
      if (this.alsoMountedAt.includes(askedAt)) document.issuer = `${origin}/{tenantid}/v2.0`;
    },
    // The resource is in the scope: api://name/permission.
    resourceOf: (scopes) => scopes.find((scope) => scope.includes('://'))?.replace(/\/[^/]*$/, ''),
    accessToken({ account, claims, client, audience, scope }) {
      const header = { typ: 'JWT' };
      const aud = !audience || audience === 'api://gatehall' ? API : audience;
      const common = {
        aud,
        iss: this.issuerFor({ tid: claims?.tid ?? TENANT }),
        nbf: seconds(),
        ver: '2.0',
        azp: client,
        azpacr: '1',
      };
      if (!account) {
        const oid = guid(`client ${client}`);
        return {
          header,
          payload: { ...common, oid, sub: oid, tid: TENANT, idtyp: 'app', roles: ['Tools.Call'] },
        };
      }
      const { oid, tid, roles, name, preferred_username, email, groups, uti } = claims;
      return {
        header,
        payload: {
          ...common,
          oid,
          tid,
          roles,
          name,
          preferred_username,
          email,
          groups,
          uti,
          scp:
            scope
              ?.split(' ')
              .filter(
                (each) =>
                  each.includes('/') || !/^(openid|profile|email|offline_access)$/.test(each),
              )
              .map((each) => each.split('/').at(-1))
              .join(' ') || undefined,
          sub: hashed(`${oid} ${aud}`, 'base64url'),
        },
      };
    },
  };
}

function authentik(origin) {
  const issuer = `${origin}/application/o/gatehall/`;
  return {
    name: 'authentik',
    issuer,
    keyTypes: ['RSA'],
    describeKey: () => ({ alg: 'RS256' }),
    claimNames: ['sub', 'groups', 'entitlements', 'roles'],
    defaults: (name) => ({
      sub: hashed(`authentik ${name}`),
      email_verified: false,
      preferred_username: name,
      nickname: name,
    }),
    adjustAuthorization: offlineAccessWithoutPrompt,
    rotatesRefreshTokens: true,
    sendsIssuerBack: false,
    backchannelLogout: true,
    // Every access token is a JWT for the client itself.
    resourceOf: () => 'urn:authentik:client',
    accessToken({ account, claims, client, audience, scope }) {
      const aud = !audience || audience === 'urn:authentik:client' ? client : audience;
      const { email, email_verified, name, preferred_username, groups } = claims ?? {};
      const person = account
        ? { sub: claims.sub, email, email_verified, name, preferred_username, groups }
        : { sub: hashed(client) };
      return {
        header: { typ: 'JWT' },
        payload: {
          iss: issuer,
          aud,
          azp: client,
          scope: scope || 'openid profile email',
          uid: guid(`${Math.random()}`),
          ...person,
        },
      };
    },
  };
}

function generic(origin) {
  return {
    name: 'generic',
    issuer: origin,
    keyTypes: ['RSA', 'EC', 'OKP'],
    describeKey: ({ publicKey }) => ({
      alg: { rsa: 'RS256', ec: 'ES256', ed25519: 'EdDSA' }[publicKey.asymmetricKeyType],
    }),
    claimNames: ['sub', 'groups', 'roles'],
    defaults: (name) => ({ sub: `user-${name}`, email_verified: true, preferred_username: name }),
    rotatesRefreshTokens: true,
    sendsIssuerBack: true,
    backchannelLogout: true,
    resourceOf: () => undefined,
    accessToken({ account, claims, client, audience, scope }) {
      const { sub, email, groups } = claims ?? { sub: client };
      return {
        header: { typ: 'at+jwt' },
        payload: {
          iss: origin,
          aud: audience,
          client_id: client,
          sub,
          scope,
          ...(account ? { email, groups } : {}),
        },
      };
    },
  };
}

export const profiles = { entra, authentik, generic };
