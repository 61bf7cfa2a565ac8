import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Access, Principal } from './access.ts';

/** What routes are added to: what their schemas say, their handlers have as types. */
export type WebApi = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use a route. Every route of the API says it. */
    readonly access?: Access;
    /** It asks for a fresh proof of who it is: see `requireProof`. */
    readonly needsProof?: boolean;
    /** Whoever asks leaves something in the database, though nobody knows who it is: see `BEGUN_SIGN_INS`. */
    readonly isRemembered?: boolean;
  }
  interface FastifyRequest {
    /** Who asks; null: nobody that we know. */
    principal: Principal | null;
  }
}
