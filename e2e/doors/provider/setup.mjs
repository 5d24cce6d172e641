// The certified provider with its clients, and with what each profile changes.

import crypto from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Memory } from './memory.mjs';

// The library expects a newer Node.
URL.parse ??= (...parts) => (URL.canParse(...parts) ? new URL(...parts) : null);
const library = join(process.env.GATEHALL_TEST_TOOLS, 'node_modules/oidc-provider/lib/index.js');

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const DAY = 24 * 60 * 60;
const EMAIL = ['email', 'email_verified'];
const PROFILE = ['name', 'given_name', 'family_name', 'nickname', 'preferred_username'];

function clients({ options, secret, profile }) {
  const confidential = { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' };
  const login = {
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: options.redirect,
  };
  const backchannel =
    options.backchannel && profile.backchannelLogout
      ? { backchannel_logout_uri: options.backchannel, backchannel_logout_session_required: true }
      : {};
  return [
    {
      client_id: 'gatehall',
      ...confidential,
      ...login,
      // With Entra ID every confidential client may ask for a token of its own.
      grant_types: [...login.grant_types, 'client_credentials'],
      ...backchannel,
      post_logout_redirect_uris: options['post-logout'],
    },
    { client_id: 'open-webui', ...confidential, ...login },
    {
      client_id: 'robot',
      ...confidential,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ];
}

// Names under localhost are this machine, also where the resolver does not say so.
function call(url, { method = 'GET', headers, body } = {}) {
  const { hostname, port, pathname, search, host } = new URL(url);
  const address = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname;
  const all = { ...Object.fromEntries(new Headers(headers)), host };
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: address, port, path: pathname + search, method, headers: all },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('end', () =>
          resolve(
            new Response(response.statusCode === 204 ? null : Buffer.concat(parts), {
              status: response.statusCode,
            }),
          ),
        );
      },
    );
    request.on('error', reject);
    request.end(body === undefined ? undefined : String(body));
  });
}

// Consent is given to all that is asked for.
async function grantAll(ctx) {
  const grant = new ctx.oidc.provider.Grant({
    clientId: ctx.oidc.client.clientId,
    accountId: ctx.oidc.session.accountId,
  });
  const scope = ctx.oidc.params.scope ?? '';
  grant.addOIDCScope(scope);
  for (const resource of Object.keys(ctx.oidc.resourceServers))
    grant.addResourceScope(resource, scope);
  await grant.save();
  return grant;
}

function logoutSource(ctx, form) {
  const button =
    '<button type="submit" form="op.logoutForm" name="logout" value="yes" id="sign-out">Sign out</button>';
  ctx.body = `<!DOCTYPE html><title>Sign out</title><h1>Sign out?</h1>${form}${button}`;
}

export async function buildProvider(world) {
  const { default: Provider, ExternalSigningKey } = await import(pathToFileURL(library));
  const { profile, accounts, keys, settings } = world;
  const requested = (ctx) => (ctx.oidc.params.scope ?? '').split(' ').filter(Boolean);
  // An API has whatever permissions anybody asked for.
  const permissions = new Set();

  const provider = new Provider(profile.issuer, {
    adapter: Memory,
    clients: clients(world),
    jwks: { keys: keys.places(ExternalSigningKey) },
    // Cookies do not know ports, and several providers share the address.
    cookies: {
      keys: [crypto.randomBytes(32).toString('hex')],
      names: Object.fromEntries(
        ['session', 'interaction', 'resume'].map((name) => [
          name,
          `_${name}_${world.options.port}`,
        ]),
      ),
    },
    scopes: OIDC_SCOPES,
    responseTypes: ['code'],
    claims: { openid: accounts.claimNames(), email: EMAIL, profile: PROFILE },
    // These providers put the claims of all scopes into the ID token.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    rotateRefreshToken: () => profile.rotatesRefreshTokens,
    loadExistingGrant: grantAll,
    fetch: call,
    interactions: {
      url: (_, { uid }) =>
        `${new URL(profile.issuer).pathname.replace(/\/$/, '')}/interaction/${uid}`,
    },
    findAccount: (_, id) => {
      const found = accounts.byId(id);
      return found && { accountId: id, claims: () => accounts.claims(found.name) };
    },
    ttl: {
      AccessToken: () => settings.access_seconds,
      ClientCredentials: () => settings.access_seconds,
      IdToken: () => settings.id_seconds,
      ...Object.fromEntries(
        ['Grant', 'Interaction', 'RefreshToken', 'Session'].map((name) => [name, DAY]),
      ),
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: profile.backchannelLogout },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, _, several) => several?.[0] ?? profile.resourceOf(requested(ctx)),
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => {
          requested(ctx).forEach((scope) => permissions.add(scope));
          const scope = [...permissions].filter((each) => !OIDC_SCOPES.includes(each)).join(' ');
          return {
            scope,
            audience: resource,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          };
        },
      },
    },
    formats: {
      customizers: {
        jwt: (_, token, parts) => {
          const found = token.accountId && accounts.byId(token.accountId);
          const { header, payload } = profile.accessToken({
            account: found?.name,
            claims: found && accounts.claims(found.name),
            client: token.clientId,
            audience: parts.payload.aud,
            scope: parts.payload.scope,
          });
          const { iat, exp, jti } = parts.payload;
          parts.header = header;
          parts.payload = { ...payload, iat, exp, jti };
        },
      },
    },
  });
  for (const event of [
    'server_error',
    'grant.error',
    'authorization.error',
    'backchannel.error',
    'end_session.error',
  ]) {
    provider.on(event, (_, error) =>
      console.error(event, error.message, error.error_description ?? '', error.error_detail ?? ''),
    );
  }
  return provider;
}
