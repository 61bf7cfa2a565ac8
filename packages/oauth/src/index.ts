export { ProviderError } from './provider-error.ts';
export { type TokenFault, type TokenOutcome, TokenValidator } from './token-validator.ts';
