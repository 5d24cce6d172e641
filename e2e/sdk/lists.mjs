// Lists the tools of many MCP endpoints with the official TypeScript SDKs, one after the other.
//
//     node lists.mjs SDK ERA KEY URL...
//
// SDK is v1 or v2; ERA is legacy, or for v2 also modern. GATEHALL_TEST_TOOLS names the folder that
// has node_modules. Prints one line of JSON: for each URL its tools and the error that listing threw.
// A tool that promises structured results is called, to see whether its promise can be read at all:
// "unsound" has those of which the SDK says that it cannot.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const [sdk, era, key, ...urls] = process.argv.slice(2);
const require = createRequire(join(process.env.GATEHALL_TEST_TOOLS, 'package.json'));
const { Client } = require(
  sdk === 'v1' ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client',
);
const { StreamableHTTPClientTransport } = require(
  sdk === 'v1'
    ? '@modelcontextprotocol/sdk/client/streamableHttp.js'
    : '@modelcontextprotocol/client',
);
const mode = era === 'modern' ? { pin: '2026-07-28' } : 'legacy';
const options = sdk === 'v1' ? {} : { versionNegotiation: { mode } };
console.warn = () => {}; // formats that the SDK does not know

async function list(url) {
  const client = new Client({ name: 'gatehall-test', version: '1.0.0' }, options);
  const seen = { tools: [], error: null, unsound: [] };
  try {
    const requestInit = { headers: { Authorization: `Bearer ${key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    const { tools } = await client.listTools();
    seen.tools = tools.map((tool) => tool.name);
    for (const { name } of tools.filter((tool) => tool.outputSchema)) {
      const said = await client.callTool({ name, arguments: {} }).catch(String);
      const unsound = /invalid outputSchema|Failed to validate/.test(said);
      if (unsound) seen.unsound.push(`${name}: ${said}`);
    }
  } catch (error) {
    seen.error = String(error).slice(0, 2000);
  }
  client.onerror = undefined;
  await client.close();
  return seen;
}

const all = [];
for (const url of urls) all.push(await list(url));
console.log(JSON.stringify(all));
