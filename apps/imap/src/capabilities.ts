import { RESOURCE_NAMES } from '@postel/quota';
import { offeredMechanisms } from '@postel/sasl';
import type { Session } from './session.ts';

/** What is offered in every state, behind the version and how literals come: only what is built. */
const NAMES = [
  'IMAP4rev2',
  'SASL-IR',
  'IDLE',
  'UIDPLUS',
  'MOVE',
  'UNSELECT',
  'ID',
  'ENABLE',
  'NAMESPACE',
  'CHILDREN',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'SPECIAL-USE',
  'CREATE-SPECIAL-USE',
  'ESEARCH',
  'SEARCHRES',
  'PARTIAL',
  'STATUS=SIZE',
  'QUOTA',
  'QUOTASET',
  ...RESOURCE_NAMES.map((name) => `QUOTA=RES-${name}`),
  'COMPRESS=DEFLATE',
  'NOTIFY',
  'SAVEDATE',
  'OBJECTID',
  'PREVIEW',
  'SORT',
  'SORT=DISPLAY',
  'THREAD=ORDEREDSUBJECT',
  'THREAD=REFERENCES',
  'THREAD=REFS',
  'ESORT',
  'CONTEXT=SEARCH',
  'CONTEXT=SORT',
  'WITHIN',
  'MULTISEARCH',
  'SEARCH=FUZZY',
  'INPROGRESS',
  'I18NLEVEL=1',
  'METADATA',
  'LIST-METADATA',
  'FILTERS',
  'UTF8=ACCEPT',
  'UIDONLY',
  'UIDBATCHES',
  'CONDSTORE',
  'QRESYNC',
  'BINARY',
  'MULTIAPPEND',
  'CATENATE',
  'URL-PARTIAL',
  'URLAUTH',
  'URLAUTH=BINARY',
  'REPLACE',
  'ACL',
  'RIGHTS=texk',
  'LIST-MYRIGHTS',
];

/** What is no RFC's (docs/imap.md): who has not logged in need not know whose server this is. */
const OWN_NAMES = ['X-POSTEL-ENVELOPE'];

/** What CAPABILITY names. */
export function capabilities(session: Session): readonly string[] {
  const { transport, services } = session;
  const names = ['IMAP4rev1', services.literals, ...NAMES];
  // RFC 7889. Never near 2^53, beyond which imapflow reads 0 and refuses to append.
  names.push(`APPENDLIMIT=${services.messageOctets}`);
  if (services.offersUnauthenticate) names.push('UNAUTHENTICATE');
  if (session.isAuthenticated) return [...names, ...OWN_NAMES];
  const allows = services.directory.mechanismsFor(transport.loginContext);
  const mechanisms = offeredMechanisms(transport.security, allows);
  if (transport.canStartTls) names.push('STARTTLS');
  // RFC 9051 §6.2.3: where LOGIN would be refused, clients must not try it and show the password.
  const isReadable = !transport.security.isTls && !transport.security.allowPlaintextWithoutTls;
  if (isReadable || !allows('LOGIN')) names.push('LOGINDISABLED');
  return [...names, ...mechanisms.map(({ name }) => `AUTH=${name}`)];
}
