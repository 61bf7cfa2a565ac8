import type { Socket } from 'node:net';

/** Without its zone (fe80::1%eth0), which means nothing outside this host; IPv4 as such, also on a socket for both. */
export function clientAddress(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/%.*/, '').replace(/^::ffff:(?=[0-9.]+$)/i, '');
}
