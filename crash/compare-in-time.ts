import type { Difference } from './ledger.ts';
import type { Observed, ObservedMailbox } from './observed.ts';

/**
 * Compares what the server shows with what it showed before: UIDs, UIDVALIDITYs and modseqs only rise, and what has
 * changed has a higher modseq than everything seen before (docs/storage.md, rules 1 and 3).
 */
export function compareInTime(before: Observed, now: Observed): readonly Difference[] {
  const differences: Difference[] = [];
  for (const [account, old] of before) {
    const current = now.get(account);
    if (current === undefined) continue; // compareWithLedger says so
    if (current.modseq < old.modseq) {
      differences.push({ account, what: `the modseq of the account fell from ${old.modseq} to ${current.modseq}` });
    }
    const known = new Map([...old.mailboxes.values()].map((mailbox) => [mailbox.uidvalidity, mailbox]));
    const newest = Math.max(...known.keys());
    for (const mailbox of current.mailboxes.values()) {
      const same = known.get(mailbox.uidvalidity);
      const found = same === undefined ? compareNew(mailbox, newest) : compareMailbox(same, mailbox, old.modseq);
      differences.push(...found.map((difference) => ({ account, mailbox: mailbox.name, ...difference })));
      for (const { uid, modseq } of mailbox.messages) {
        if (modseq <= mailbox.highestModseq && modseq <= current.modseq) continue;
        const what = `a message has modseq ${modseq}, above HIGHESTMODSEQ ${mailbox.highestModseq} or the account's ${current.modseq}`;
        differences.push({ account, mailbox: mailbox.name, uid, what });
      }
    }
  }
  return differences;
}

function compareNew({ uidvalidity }: ObservedMailbox, newest: number): readonly Difference[] {
  if (uidvalidity > newest) return [];
  return [{ what: `a new mailbox has UIDVALIDITY ${uidvalidity}, not above ${newest} that was there before` }];
}

function compareMailbox(old: ObservedMailbox, now: ObservedMailbox, accountModseq: number): readonly Difference[] {
  const differences: Difference[] = [];
  if (now.uidNext < old.uidNext) differences.push({ what: `UIDNEXT fell from ${old.uidNext} to ${now.uidNext}` });
  if (now.highestModseq < old.highestModseq) {
    differences.push({ what: `HIGHESTMODSEQ fell from ${old.highestModseq} to ${now.highestModseq}` });
  }
  const earlier = new Map(old.messages.map((message) => [message.uid, message]));
  let changed = old.messages.length; // those that are gone: what is left of them after the loop
  for (const { uid, modseq, flags, messageId } of now.messages) {
    const at = { uid, messageId };
    const known = earlier.get(uid);
    if (uid >= now.uidNext) differences.push({ ...at, what: `a UID that is not below UIDNEXT ${now.uidNext}` });
    if (known === undefined) {
      changed++;
      if (uid < old.uidNext) differences.push({ ...at, what: `a message came under a UID below ${old.uidNext}` });
      if (modseq <= accountModseq) {
        differences.push({ ...at, what: `a new message has modseq ${modseq}, and ${accountModseq} was seen before` });
      }
      continue;
    }
    changed--;
    if (messageId !== known.messageId) {
      differences.push({ ...at, what: `the UID was that of ${known.messageId}` });
    } else if (modseq < known.modseq) {
      differences.push({ ...at, what: `its modseq fell from ${known.modseq} to ${modseq}` });
    } else if (flags !== known.flags) {
      changed++;
      if (modseq > accountModseq) continue;
      const what = `its flags changed under modseq ${modseq}, and ${accountModseq} was seen before`;
      differences.push({ ...at, what });
    }
  }
  if (changed > 0 && now.highestModseq <= old.highestModseq) {
    differences.push({ what: `it changed, and HIGHESTMODSEQ ${now.highestModseq} did not` });
  }
  return differences;
}
