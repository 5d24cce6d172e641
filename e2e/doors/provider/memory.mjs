// What the provider remembers: a map without the limits of the library's own.

const seconds = () => Math.floor(Date.now() / 1000);
const store = new Map();

export class Memory {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model} ${id}`;
  }

  async upsert(id, payload) {
    store.set(this.key(id), payload);
  }

  async find(id) {
    return store.get(this.key(id));
  }

  async findByUid(uid) {
    return [...store.entries()].find(
      ([key, { uid: own }]) => own === uid && key.startsWith(`${this.model} `),
    )?.[1];
  }

  async consume(id) {
    store.get(this.key(id)).consumed = seconds();
  }

  async destroy(id) {
    store.delete(this.key(id));
  }

  async revokeByGrantId(grant) {
    for (const [key, { grantId }] of store) if (grantId === grant) store.delete(key);
  }
}
