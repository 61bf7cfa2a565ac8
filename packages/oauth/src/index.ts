export { type TokenFault, type TokenOutcome, TokenValidator } from './token-validator.ts';
