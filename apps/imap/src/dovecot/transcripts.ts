import type { SharedTranscript } from '../testing/shared-transcript.ts';
import { append } from './append.ts';
import { changing } from './changing.ts';
import { condstore } from './condstore.ts';
import { copyMove } from './copy-move.ts';
import { fetch } from './fetch.ts';
import { mailboxes } from './mailboxes.ts';
import { metadata } from './metadata.ts';
import { notify } from './notify.ts';
import { quota } from './quota.ts';
import { search } from './search.ts';
import { searchReturn } from './search-return.ts';
import { session } from './session.ts';
import { sort } from './sort.ts';
import { storeExpunge } from './store-expunge.ts';
import { twoConnections } from './two-connections.ts';
import { urlauth } from './urlauth.ts';

/** What clients say and what they are told, of Postel and Dovecot alike but for what is marked. */
export const transcripts: readonly SharedTranscript[] = [
  ...session,
  ...mailboxes,
  ...metadata,
  ...append,
  ...changing,
  ...fetch,
  ...storeExpunge,
  ...copyMove,
  ...quota,
  ...search,
  ...searchReturn,
  ...sort,
  ...twoConnections,
  ...notify,
  ...condstore,
  ...urlauth,
];
