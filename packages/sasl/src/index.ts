export { decodeBase64, MAX_ENCODED_RESPONSE_OCTETS } from './base64.ts';
export { type ChosenMechanism, chooseClientMechanism, clientMechanismNames } from './client/choose-client-mechanism.ts';
export type { ClientConnection, ClientCredentials, ClientExchange, SecurIdCard } from './client/client-mechanism.ts';
export type { GssContext } from './client/gss-context.ts';
export { kerberosContext } from './client/kerberos-context.ts';
export { type OtpAlgorithm, type OtpChallenge, oneTimePassword } from './client/one-time-password.ts';
export { SaslError, type SaslErrorKind } from './client/sasl-error.ts';
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
