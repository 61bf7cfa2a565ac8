import type { Arguments } from '@postel/imap-wire';
import packageFile from '../../package.json' with { type: 'json' };
import { Bad, type Command, ok } from '../command.ts';
import { ID_FIELD_OCTETS, ID_LOGGED_CHARACTERS, ID_PAIRS, ID_VALUE_OCTETS } from '../limits.ts';

/** Fields that are logged; others (`arguments`, `environment`) could tell what is nobody's business. */
const LOGGED_FIELDS = ['name', 'version', 'vendor', 'os', 'os-version'] as const;

type Fields = ReadonlyMap<string, string | null>;

/**
 * ID: RFC 2971 §3.1. What the client says goes to the log, once a connection, for whoever looks into its troubles. Nobody is
 * told the version who is not logged in.
 */
export const id: Command<Fields> = {
  name: 'ID',
  state: 'any',
  parse(args) {
    if (args.sp().skip('NIL')) return new Map();
    const pairs = args.list(parsePair);
    if (pairs.length > ID_PAIRS) throw new Bad('Too many fields');
    return new Map(pairs);
  },
  async run(session, fields) {
    const said = LOGGED_FIELDS.flatMap((field) => {
      const value = fields.get(field);
      return value ? [[field, value.slice(0, ID_LOGGED_CHARACTERS)]] : [];
    });
    if (said.length > 0 && !session.isIdentified) {
      session.isIdentified = true;
      session.log.info({ program: Object.fromEntries(said) }, 'the client said what it is');
      const program = [fields.get('name'), fields.get('version')].filter((part) => part).join(' ');
      if (program !== '') session.nameProgram(program);
    }
    const { out } = session;
    out.text('* ID ("name" "Postel"');
    if (session.isAuthenticated) out.text(' "version" ').string(packageFile.version);
    out.text(')').crlf();
    return ok('Identified');
  },
};

/** A field in lower case and its value, printable. */
function parsePair(args: Arguments): readonly [string, string | null] {
  const field = args.stringOctets();
  const value = args.sp().nstringOctets();
  if (field.length > ID_FIELD_OCTETS || (value?.length ?? 0) > ID_VALUE_OCTETS)
    throw new Bad('Field or value too long');
  return [printable(field).toLowerCase(), value && printable(value)];
}

const printable = (octets: Buffer) => octets.toString('utf8').replace(/[^\x20-\x7e]/g, '?');
