import type { Arguments } from '@postel/imap-wire';
import { type AnyCommand, type Command, sealed } from '../command.ts';
import { append } from './append.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { check } from './check.ts';
import { close } from './close.ts';
import { copy, uidCopy } from './copy.ts';
import { create } from './create.ts';
import { deleteMailbox } from './delete.ts';
import { enable } from './enable.ts';
import { examine } from './examine.ts';
import { expunge, uidExpunge } from './expunge.ts';
import { fetch, uidFetch } from './fetch.ts';
import { getQuota } from './getquota.ts';
import { getQuotaRoot } from './getquotaroot.ts';
import { id } from './id.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { lsub } from './lsub.ts';
import { move, uidMove } from './move.ts';
import { namespace } from './namespace.ts';
import { noop } from './noop.ts';
import { rename } from './rename.ts';
import { search, uidSearch } from './search.ts';
import { select } from './select.ts';
import { setQuota } from './setquota.ts';
import { startTls } from './starttls.ts';
import { status } from './status.ts';
import { store, uidStore } from './store.ts';
import { subscribe } from './subscribe.ts';
import { unselect } from './unselect.ts';
import { unsubscribe } from './unsubscribe.ts';

const byName = new Map<string, AnyCommand>();
const add = <Args>(command: Command<Args>) => byName.set(command.name, sealed(command));

add(append);
add(authenticate);
add(capability);
add(check);
add(close);
add(copy);
add(create);
add(deleteMailbox);
add(enable);
add(examine);
add(expunge);
add(fetch);
add(getQuota);
add(getQuotaRoot);
add(id);
add(idle);
add(list);
add(login);
add(logout);
add(lsub);
add(namespace);
add(move);
add(noop);
add(rename);
add(search);
add(select);
add(setQuota);
add(startTls);
add(status);
add(store);
add(subscribe);
add(uidCopy);
add(uidExpunge);
add(uidFetch);
add(uidMove);
add(uidSearch);
add(uidStore);
add(unselect);
add(unsubscribe);

/** Every command, one file each. */
export const commands = {
  /** Reads the name of a command, of two words for UID commands. Null if there is none of that name. */
  find(args: Arguments): AnyCommand | null {
    const name = args.commandName();
    return byName.get(name === 'UID' ? `UID ${args.sp().commandName()}` : name) ?? null;
  },
};
