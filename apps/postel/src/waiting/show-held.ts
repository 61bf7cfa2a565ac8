import type { ListedHeld } from '@postel/storage';
import { formatMoment } from '../moment.ts';
import { printable, printableSize } from '../printable.ts';
import type { RowsForm } from '../say-rows.ts';

/** Of an id, so many characters are enough to name a message. */
const ID_SHOWN = 8;
const ADDRESS_SHOWN = 40;

/** How messages that are held are listed. */
export const HELD_SHOWN: Omit<RowsForm<ListedHeld>, 'asJson'> = {
  header: ['MESSAGE', 'ACCOUNT', 'UNTIL', 'FROM', 'FOR', 'SIZE'],
  row: ({ id, account, releaseAt, reversePath, forwardPath, copies, sizeOctets }) => [
    id.slice(0, ID_SHOWN),
    account,
    formatMoment(releaseAt),
    printable(reversePath === '' ? '<>' : reversePath, ADDRESS_SHOWN),
    `${printable(forwardPath ?? 'nobody', ADDRESS_SHOWN)}${copies > 1 ? ` and ${copies - 1} more` : ''}`,
    printableSize(sizeOctets),
  ],
};
