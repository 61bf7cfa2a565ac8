export { decodeBase64, MAX_ENCODED_RESPONSE_OCTETS } from './base64.ts';
export { MAX_IDENTITY_OCTETS, MAX_PASSWORD_OCTETS, parseIdentity, parsePassword } from './credential-text.ts';
export { chooseMechanism, type MechanismChoice, type MechanismPolicy, offeredMechanisms } from './mechanisms.ts';
export { type PreparedPassword, preparePassword, prepareUsername, type StringUse } from './saslprep.ts';
export {
  deriveScramKeys,
  equalKeys,
  type ScramHash,
  type ScramKeys,
  type ScramParameters,
} from './scram-keys.ts';
export type {
  BearerOutcome,
  BearerRefusal,
  ChannelBinding,
  ConnectionSecurity,
  CredentialVerifier,
  ScramCandidate,
  ScramCredentials,
  ServerExchange,
  ServerFailure,
  ServerMechanism,
  ServerStep,
  SharedSecret,
} from './server-mechanism.ts';
