import type { ClientConnection } from './client-mechanism.ts';

export const TLS: ClientConnection = {
  hasTrustedTls: true,
  channelBinding: null,
  hasClientCertificate: false,
  service: 'smtp',
  host: 'mail.example.com',
  port: 587,
};
export const CLEAR: ClientConnection = { ...TLS, hasTrustedTls: false };
export const BOUND: ClientConnection = {
  ...TLS,
  channelBinding: { type: 'tls-exporter', data: Buffer.alloc(32, 0x5a) },
};
