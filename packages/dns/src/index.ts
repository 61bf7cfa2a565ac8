/** A stub resolver (RFC 1034 §5.3.1) that knows DNSSEC status, and what mail asks the DNS. */
export {
  type AddressFamily,
  askBlockList,
  type BlockListAnswer,
  type BlockListHealth,
  checkBlockList,
} from './block-list.ts';
export type { DnsAnswer, Resolver } from './dns-answer.ts';
export { type Iprev, iprev, lookUpAddresses, lookUpMx, lookUpPtr, type MxAnswer } from './questions.ts';
export type { Mx, RecordData, RecordType, Srv, Tlsa } from './records.ts';
export { addressOctets, reverseName } from './reverse-name.ts';
export { type ScriptedName, ScriptedResolver } from './scripted-resolver.ts';
export { StubResolver, type StubResolverOptions } from './stub-resolver.ts';
export { type DnsServer, systemServers } from './system-servers.ts';
