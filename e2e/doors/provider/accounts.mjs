// The people that the provider knows: login name -> claims, as a file and /_control say.

import crypto from 'node:crypto';
import fs from 'node:fs';

// Members of an account that are not claims.
const SETTINGS = new Set(['disabled', 'graph_groups']);

export class Accounts {
  constructor(profile, file) {
    this.profile = profile;
    this.all = file ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  }

  // Members set to null are taken away.
  change(name, members) {
    const account = { ...this.all[name], ...members };
    for (const key of Object.keys(account)) if (account[key] === null) delete account[key];
    this.all[name] = account;
  }

  claims(name) {
    const account = this.all[name];
    if (!account) return undefined;
    const claims = { ...this.profile.defaults(name, account), ...account };
    for (const key of SETTINGS) delete claims[key];
    return claims;
  }

  id(name) {
    return this.claims(name)?.sub;
  }

  byId(id) {
    const name = Object.keys(this.all).find((each) => this.id(each) === id);
    return name !== undefined && !this.all[name].disabled
      ? { name, account: this.all[name] }
      : undefined;
  }

  // All names of claims, so that the provider lets each through.
  claimNames() {
    const names = Object.values(this.all)
      .flatMap(Object.keys)
      .filter((key) => !SETTINGS.has(key));
    return [...new Set([...this.profile.claimNames, ...names])];
  }
}

export const guid = (text) => {
  const hex = crypto.createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
};

export const hashed = (text, encoding = 'hex') =>
  crypto.createHash('sha256').update(text).digest(encoding);
