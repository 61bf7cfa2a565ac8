/** Types of columns, and the words that the tables have for them. */
import { bigint, customType, timestamp } from 'drizzle-orm/pg-core';

export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
export const cidr = customType<{ data: string }>({ dataType: () => 'cidr' });
export const cidrs = customType<{ data: string[] }>({ dataType: () => 'cidr[]' });
export const inet = customType<{ data: string }>({ dataType: () => 'inet' });
export const integers = customType<{ data: number[] }>({ dataType: () => 'integer[]' });
export const texts = customType<{ data: string[] }>({ dataType: () => 'text[]' });
export const uidRanges = customType<{ data: string }>({ dataType: () => 'int8multirange' });

export const id = (name: string) => bigint(name, { mode: 'number' });
export const octets = (name: string) => id(name);
export const seq = (name: string) => id(name);
export const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
