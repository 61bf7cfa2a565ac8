import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Standard ports of all services that Postel will have; see `postel help localserve`. */
const STANDARD_PORTS = [24, 25, 80, 81, 143, 443, 465, 587, 993];

/** Above the ports of system services and of `npm start`; below those that the system gives to clients. */
const LOWEST_OFFSET = 10_000;
const HIGHEST_OFFSET = 31_000;

/** A port offset at which nobody listens now. Somebody may a moment later: who uses it must be ready to try again. */
export async function freePortOffset(): Promise<number> {
  for (;;) {
    const offset = randomInt(LOWEST_OFFSET, HIGHEST_OFFSET);
    const free = await Promise.all(STANDARD_PORTS.map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
