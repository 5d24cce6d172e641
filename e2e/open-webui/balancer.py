#!/usr/bin/env python3
"""One address for several replicas, as a name with several addresses is: each connection goes to
the next of them that takes it."""

import argparse
import asyncio
import itertools


async def pump(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        # A replica that was killed ends its connections, and so does this.
        writer.close()


async def connect(ports):
    for port in ports:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            continue
    raise ConnectionRefusedError("no replica is there")


async def main(port, replicas):
    turns = itertools.count()

    async def carry(reader, writer):
        first = next(turns) % len(replicas)
        try:
            there = await connect(replicas[first:] + replicas[:first])
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    server = await asyncio.start_server(carry, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--to", type=int, action="append", required=True)
    given = parser.parse_args()
    asyncio.run(main(given.port, given.to))
