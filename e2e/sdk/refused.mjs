// Sends bodies that are refused before they are read, as programs on Node do it, and prints one line
// of JSON: for each request how often it got what, as in [{"413": 20}], with the error where there
// was no status.
//
//     node refused.mjs URL TIMES REQUESTS
//
// REQUESTS is a JSON array of {"method", "path", "headers", "bytes", "chunked", "http"}; http is
// "fetch" or "request".

import { request } from 'node:http';

const [url, times, requests] = process.argv.slice(2);
const piece = new Uint8Array(64 << 10).fill(0x20);

function chunks(bytes) {
  let left = bytes;
  return new ReadableStream({
    pull(to) {
      if (left <= 0) return to.close();
      to.enqueue(piece.subarray(0, Math.min(left, piece.length)));
      left -= piece.length;
    },
  });
}

async function fetched({ method, path, headers, bytes, chunked }) {
  const body = chunked ? chunks(bytes) : new Uint8Array(bytes).fill(0x20);
  const answer = await fetch(url + path, { method, headers, body, duplex: 'half', redirect: 'manual' });
  await answer.text();
  return answer.status;
}

function requested({ method, path, headers, bytes, chunked }) {
  return new Promise((resolve, reject) => {
    const length = chunked ? {} : { 'content-length': bytes };
    const sent = request(url + path, { method, headers: { ...headers, ...length } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode)).on('error', reject);
    });
    sent.on('error', reject);
    sent.end(new Uint8Array(bytes).fill(0x20));
  });
}

const seen = [];
for (const asked of JSON.parse(requests)) {
  const counts = {};
  for (let turn = 0; turn < Number(times); turn++) {
    let got;
    try {
      got = await (asked.http === 'fetch' ? fetched : requested)(asked);
    } catch (error) {
      got = String(error.cause?.code ?? error.code ?? error);
    }
    counts[got] = (counts[got] ?? 0) + 1;
  }
  seen.push(counts);
}
console.log(JSON.stringify(seen));
