// A client made with the official TypeScript SDKs, which tests run against an MCP endpoint.
//
//     node client.mjs SDK ERA URL KEY CALLS [silent]
//
// SDK is v1 or v2; ERA is legacy, or for v2 also modern or auto; CALLS is a JSON array of
// {"name", "arguments"}. GATEHALL_TEST_TOOLS names the folder that has node_modules.
// With "silent" it asks for no progress and no logs.
// Lists the tools, makes the calls in order and prints one line of JSON with all that came back.
// What an SDK complains of goes to stderr; a failure to connect ends with status 1.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const MODERN = '2026-07-28';
const MODES = { legacy: 'legacy', auto: 'auto', modern: { pin: MODERN } };

const [sdk, era, url, key, calls, silent] = process.argv.slice(2);
const require = createRequire(join(process.env.GATEHALL_TEST_TOOLS, 'package.json'));

const info = { name: 'gatehall-test', version: '1.0.0' };
const logs = [];
const onLog = ({ params }) => logs.push(params);

function clientOfV1() {
  if (era !== 'legacy') throw new Error(`v1 does not speak ${era}`);
  const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
  const http = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const { LoggingMessageNotificationSchema } = require('@modelcontextprotocol/sdk/types.js');
  const client = new Client(info);
  client.setNotificationHandler(LoggingMessageNotificationSchema, onLog);
  return { client, Transport: http.StreamableHTTPClientTransport };
}

function clientOfV2() {
  if (!(era in MODES)) throw new Error(`${era} is no era`);
  const { Client, StreamableHTTPClientTransport } = require('@modelcontextprotocol/client');
  const client = new Client(info, { versionNegotiation: { mode: MODES[era] } });
  client.setNotificationHandler('notifications/message', onLog);
  return { client, Transport: StreamableHTTPClientTransport };
}

async function listTools(client) {
  const tools = [];
  let cursor;
  do {
    const page = await client.listTools(cursor === undefined ? undefined : { cursor });
    tools.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

async function callTool(client, call) {
  const progress = [];
  const onprogress = silent ? undefined : (step) => progress.push(step);
  try {
    const result =
      sdk === 'v1'
        ? await client.callTool(call, undefined, { onprogress })
        : await client.callTool(call, { onprogress });
    return { result, progress };
  } catch ({ code, message, data }) {
    return { error: { code, message, data }, progress };
  }
}

const { client, Transport } = sdk === 'v1' ? clientOfV1() : clientOfV2();
client.onerror = (error) => console.error(String(error));
const requestInit = { headers: { Authorization: `Bearer ${key}` } };
const transport = new Transport(new URL(url), { requestInit });
await client.connect(transport);

// In the modern era a request opts in to logs by itself; in the legacy era the session does.
const modern = transport.protocolVersion === MODERN;
const _meta = modern && !silent ? { 'io.modelcontextprotocol/logLevel': 'debug' } : undefined;
if (!modern && !silent && client.getServerCapabilities()?.logging) await client.setLoggingLevel('debug');

const tools = await listTools(client);
const results = [];
for (const call of JSON.parse(calls)) results.push(await callTool(client, { ...call, _meta }));
client.onerror = undefined; // v1 complains of the streams that closing cuts off
await client.close();
console.log(JSON.stringify({ era: transport.protocolVersion, tools, results, logs }));
