export { checkIssuer } from './check-issuer.ts';
export { type TokenFault, type TokenOutcome, TokenValidator } from './token-validator.ts';
