import type { DkimKeySummary } from '@postel/directory';
import { dkimRecordName } from '@postel/domain-records';
import type { Invocation } from '../command.ts';
import { confirmRemoval } from '../confirm-removal.ts';
import { formatMoment } from '../moment.ts';
import { StopSignal } from '../stop-signal.ts';
import { useDirectory } from '../use-directory.ts';
import type { NamedServer } from '../which-server.ts';

interface RemoveArgs {
  readonly domain: string;
  readonly selector: string;
  readonly isAgreed: boolean;
  readonly server: NamedServer;
}

/** Removes a key, once somebody who knows what that does agrees. */
export async function removeDkimKey(
  { domain, selector, isAgreed, server }: RemoveArgs,
  invocation: Invocation,
): Promise<void> {
  const { terminal } = invocation;
  using stop = new StopSignal();
  await useDirectory(invocation, server, async ({ dkimKeys }) => {
    const keys = await dkimKeys.list(domain);
    const key = keys.find((each) => each.selector === selector);
    if (key !== undefined) terminal.note(consequence(key, keys));
    const asking = { isAgreed, terminal, signal: stop.signal };
    if (key !== undefined && !(await confirmRemoval(`Remove the key ${selector}?`, asking))) return;
    const removed = await dkimKeys.remove(domain, selector);
    terminal.say(
      `Removed the key ${selector} of ${removed.domain}. Its record, ${dkimRecordName(removed)}, may go too.`,
    );
  });
}

function consequence(
  { state, selector, domain, publishedUntil }: DkimKeySummary,
  keys: readonly DkimKeySummary[],
): string {
  switch (state) {
    case 'made':
      return `${selector} has signed nothing yet.`;
    case 'active': {
      const others = keys.filter((key) => key.state === 'active' && key.selector !== selector);
      return others.length === 0
        ? `${selector} is the only key that signs: mail of ${domain} will not be signed, and others may refuse it. To replace it: postel config dkim rotate ${domain}`
        : `Mail of ${domain} will be signed by ${others.map((key) => key.selector).join(', ')} alone.`;
    }
    case 'retired':
      return publishedUntil !== null && publishedUntil > new Date()
        ? `Mail that ${selector} has signed may be on its way until ${formatMoment(publishedUntil)}: leave its record in the DNS until then.`
        : `Nothing that ${selector} has signed is on its way any more.`;
    default:
      return state satisfies never;
  }
}
