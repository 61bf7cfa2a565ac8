import { DirectoryError, type ManagedDirectory } from '@postel/directory';

/** The accounts that `postel localserve` comes with. Their passwords are no secret: nobody else can reach it. */
export const POSTEL = { name: 'postel', address: 'postel@localhost', password: 'postelpostel' } as const;
export const OTHER = { name: 'other', address: 'other@localhost', password: 'otherother' } as const;

/** By which the web's administration is entered. */
export const ADMIN_PASSWORD = 'postelpostel';

/** In a second local domain, where mail to addresses that do not exist is refused. */
const STRICT_ADDRESS = 'postel@strict.localhost';

/**
 * Makes the accounts and domains, unless the accounts are there: tests and people rely on them at every start. What
 * somebody changed in accounts that exist, passwords for instance, stays changed.
 */
export async function ensureLocalAccounts(directory: ManagedDirectory, report: (line: string) => void): Promise<void> {
  if (!(await directory.web.adminPassword.isSet())) await directory.setAdminPassword(ADMIN_PASSWORD);
  const accounts = await directory.listAccounts();
  const isMissing = (name: string) => !accounts.some((account) => account.name === name);
  if (!isMissing(POSTEL.name) && !isMissing(OTHER.name)) return;
  report(`making the accounts ${POSTEL.name} and ${OTHER.name}`);
  // `other` comes last: as long as it is missing, a start that was cut short is not taken for done.
  await directory.addDomain('localhost');
  await directory.addDomain('strict.localhost');
  if (isMissing(POSTEL.name)) await directory.addAccount(POSTEL);
  await addAddress(directory, POSTEL.name, STRICT_ADDRESS);
  await directory.setCatchall('localhost', POSTEL.name);
  if (isMissing(OTHER.name)) await directory.addAccount(OTHER);
}

async function addAddress(directory: ManagedDirectory, account: string, address: string): Promise<void> {
  try {
    await directory.addAddress(account, address);
  } catch (error) {
    if (!(error instanceof DirectoryError && error.kind === 'address-exists')) throw error;
  }
}
