import type { GssContext } from './gss-context.ts';
import { SaslError } from './sasl-error.ts';

/** What is used of the npm package `kerberos` 7. */
interface KerberosLibrary {
  readonly GSS_C_MUTUAL_FLAG: number;
  readonly GSS_C_SEQUENCE_FLAG: number;
  readonly GSS_C_INTEG_FLAG: number;
  readonly GSS_MECH_OID_KRB5: number;
  initializeClient(
    service: string,
    options: { readonly flags: number; readonly mechOID: number },
  ): Promise<KerberosClient>;
}

interface KerberosClient {
  readonly contextComplete: boolean;
  /** What there is to send, in base64; nothing after the last token of some servers. */
  step(token: string): Promise<string | null>;
  /** Both: base64 in, base64 out. */
  unwrap(message: string): Promise<string | null>;
  wrap(message: string, options: { readonly protect: boolean }): Promise<string | null>;
}

/**
 * Begins a context by the npm package `kerberos`, with the tickets of the user that runs us (`kinit`). It is in nobody's
 * dependencies, because its binary is downloaded or compiled when it is installed: who wants GSSAPI installs it.
 *
 * @param service as GSSAPI names it: `smtp@mail.example.com`
 * @throws {SaslError} 'unavailable' if the package is not there
 */
export async function kerberosContext(service: string): Promise<GssContext> {
  const library = await loadLibrary();
  const flags = library.GSS_C_MUTUAL_FLAG | library.GSS_C_SEQUENCE_FLAG | library.GSS_C_INTEG_FLAG;
  const client = await library.initializeClient(service, { flags, mechOID: library.GSS_MECH_OID_KRB5 });
  const decode = (text: string | null) => Buffer.from(text ?? '', 'base64');
  return {
    async step(token) {
      const answer = decode(await client.step(token.toString('base64')));
      return { token: answer, isComplete: client.contextComplete };
    },
    unwrap: async (message) => decode(await client.unwrap(message.toString('base64'))),
    wrap: async (message) => decode(await client.wrap(message.toString('base64'), { protect: false })),
  };
}

/** Not a literal in the import: whether there is such a package is known only when it is asked for. */
const PACKAGE: string = 'kerberos';

async function loadLibrary(): Promise<KerberosLibrary> {
  try {
    const { default: library }: { readonly default: KerberosLibrary } = await import(PACKAGE);
    return library;
  } catch (cause) {
    const message = 'GSSAPI needs the package "kerberos", which is not installed: npm install --no-save kerberos@7';
    throw new SaslError('unavailable', message, { cause });
  }
}
