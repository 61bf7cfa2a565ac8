import { type Static, Type } from 'typebox';

const Day = Type.Object({
  day: Type.String({ description: 'in UTC: 2026-11-22' }),
  passed: Type.Integer({ description: 'messages that DKIM or SPF vouch for' }),
  failed: Type.Integer(),
});

const Source = Type.Object({
  address: Type.String({ description: 'of the server that sent' }),
  messages: Type.Integer(),
  failed: Type.Integer({ description: 'neither DKIM nor SPF vouch for them' }),
  quarantined: Type.Integer(),
  rejected: Type.Integer(),
  reporters: Type.Integer({ description: 'organizations that saw it' }),
  meaning: Type.String({ description: 'in words, with what to do' }),
});

const TlsFailure = Type.Object({
  type: Type.String({ description: 'RFC 8460 §4.3' }),
  policyType: Type.String(),
  receivingHost: Type.String(),
  sessions: Type.Integer(),
  reporters: Type.Integer(),
  meaning: Type.String({ description: 'in words, with what to do' }),
});

const Report = Type.Object({
  organization: Type.String({ description: 'as the report says' }),
  reporter: Type.String({ description: "the domain that it came from; '' if it was imported" }),
  trust: Type.String({ description: 'verified, unverified or imported' }),
  reportId: Type.String(),
  beginsAt: Type.String({ format: 'date-time' }),
  endsAt: Type.String({ format: 'date-time' }),
  total: Type.Integer({ description: 'messages, or sessions' }),
  failed: Type.Integer(),
});

/** What others report on a domain. Unverified reports are listed, and in no sum. */
export const DomainReports = Type.Object({
  domain: Type.String(),
  days: Type.Array(Day, { description: 'the last 30, the oldest first, each of them' }),
  sources: Type.Array(Source, { description: 'those of whose mail most failed first' }),
  unverified: Type.Integer({ description: 'reports on DMARC that nobody answers for' }),
  dmarc: Type.Array(Report, { description: 'the newest first' }),
  tls: Type.Object({
    successful: Type.Integer({ description: 'sessions' }),
    failed: Type.Integer(),
    failures: Type.Array(TlsFailure),
    reports: Type.Array(Report, { description: 'the newest first' }),
  }),
});
export type DomainReports = Static<typeof DomainReports>;
