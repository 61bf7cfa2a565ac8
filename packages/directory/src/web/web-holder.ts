import type { AccountId } from '@postel/storage';

/** Whose something is: an account's; null: that of whoever knows the admin password. */
export type WebHolder = AccountId | null;
