import type { WaitingCopy } from '@postel/storage';
import { formatMoment } from '../moment.ts';
import { printable, printableSize } from '../printable.ts';
import type { RowsForm } from '../say-rows.ts';

/** Of an id, so many characters are enough to name a copy. */
const ID_SHOWN = 8;
const ADDRESS_SHOWN = 40;

/** How copies that wait are listed. */
export const COPIES_SHOWN: Omit<RowsForm<WaitingCopy>, 'asJson'> = {
  header: ['COPY', 'SINCE', 'FROM', 'FOR', 'SIZE', 'ATTEMPTS', 'WHY'],
  row: ({ id, queuedAt, reversePath, forwardPath, sizeOctets, attempts, failure }) => [
    id.slice(0, ID_SHOWN),
    formatMoment(queuedAt),
    printable(reversePath === '' ? '<>' : reversePath, ADDRESS_SHOWN),
    printable(forwardPath, ADDRESS_SHOWN),
    printableSize(sizeOctets),
    String(attempts),
    failure,
  ],
};
