import type { ConnectionSecurity } from './server-mechanism.ts';

/** Without client key, and with nothing to bind to: a resumed session of TLS 1.2. */
export const TLS = {
  isTls: true,
  allowPlaintextWithoutTls: false,
  channelBinding: null,
  hasExternalIdentity: false,
  service: 'imap',
  hostNames: ['elwood.innosoft.com'],
} as const satisfies ConnectionSecurity;

export const TLS_1_3 = {
  ...TLS,
  channelBinding: { type: 'tls-exporter', data: Buffer.from('what only the two ends of this connection know') },
} as const satisfies ConnectionSecurity;

export const CLEAR = { ...TLS, isTls: false } as const satisfies ConnectionSecurity;

export const LOOPBACK = { ...CLEAR, allowPlaintextWithoutTls: true } as const satisfies ConnectionSecurity;
