import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../texts/texts.ts';
import type { Loaded } from '../use-data.ts';
import type { LoadedPages } from '../use-pages.ts';
import { Card, Empty, Field, Notice, PageHead, Show } from './basics.tsx';
import { Confirm } from './dialog.tsx';
import { More } from './more.tsx';

export interface Column<Row> {
  readonly title: string;
  readonly show: (row: Row) => ComponentChildren;
  /** `name`: what the row is about; `line`: stays on one line where there is room. */
  readonly kind?: 'name' | 'number' | 'line';
}

interface TableProps<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string | number;
  /** What can be done to a row: buttons, with the row's name in their labels. */
  readonly actions?: (row: Row) => ComponentChildren;
}

/** Rows that a page shows before somebody asks for more. */
const ROWS = 50;

/** A table that on a phone is a card for each row, and shows its first rows until more are asked for. */
export function Table<Row>({ rows, columns, keyOf, actions }: TableProps<Row>) {
  const [most, setMost] = useState(ROWS);
  const left = rows.length - most;
  return (
    <>
      <table class="cards">
        <thead>
          <tr>
            {columns.map(({ title, kind }) => (
              <th key={title} scope="col" class={kind === 'number' ? 'number' : undefined}>
                {title}
              </th>
            ))}
            {actions === undefined ? null : (
              <th scope="col">
                <span class="only-read">{t.parts.actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <Cell key={column.title} column={column} row={row} />
              ))}
              {actions === undefined ? null : (
                <td class="do">
                  <div class="actions">{actions(row)}</div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 ? (
        <div class="actions">
          <button type="button" onClick={() => setMost(most + 4 * ROWS)}>
            {t.parts.more(left)}
          </button>
        </div>
      ) : null}
    </>
  );
}

function Cell<Row>({ column: { title, kind, show }, row }: { column: Column<Row>; row: Row }) {
  if (kind === 'name') return <th scope="row">{show(row)}</th>;
  return (
    <td data-label={title} class={kind === 'number' ? 'number' : kind === 'line' ? 'nowrap' : undefined}>
      {show(row)}
    </td>
  );
}

/** By what a person finds rows of a list. */
interface Finding<Row> {
  readonly hint: string;
  readonly textsOf: (row: Row) => readonly string[];
  /** What is said if no row has what they typed. */
  readonly nothing: string;
  /** What they typed, and what to do with it, where the server looks for it in the whole of a long list. */
  readonly typed?: readonly [text: string, onText: (text: string) => void];
}

interface ListProps<Row> extends Omit<TableProps<Row>, 'rows'> {
  readonly of: Loaded<readonly Row[]> | LoadedPages<Row>;
  /** What is said of a list without rows, and what to do then. */
  readonly empty: ComponentChildren;
  readonly find?: Finding<Row>;
}

/** A list that is loaded: until then that it is on its way, and if there is nothing in it why. */
export function List<Row>({ of, empty, find, ...table }: ListProps<Row>) {
  const own = useState('');
  const [text, setText] = find?.typed ?? own;
  const wanted = text.trim().toLowerCase();
  return (
    <>
      {find === undefined || of.data === null || of.data.length === 0 ? null : (
        <Field label={t.parts.find} hint={find.hint} value={text} onValue={setText} />
      )}
      <Show of={of}>
        {(all) => {
          const rows =
            find === undefined || wanted === ''
              ? all
              : all.filter((row) => find.textsOf(row).some((each) => each.toLowerCase().includes(wanted)));
          if (rows.length === 0) return <Empty>{all.length === 0 ? empty : find?.nothing}</Empty>;
          return <Table rows={rows} {...table} />;
        }}
      </Show>
      {'more' in of ? <More of={of} /> : null}
    </>
  );
}

interface ListPageProps<Row> extends ListProps<Row> {
  readonly title: string;
  readonly lead: string;
  /** What can be done beside the list: to add to it, mostly. */
  readonly head?: ComponentChildren;
  /** What became of the last thing that was done. */
  readonly done?: string | null;
  readonly error?: string | null;
  /** Over the list, in its card. */
  readonly above?: ComponentChildren;
  /** Under the list, and dialogs. */
  readonly children?: ComponentChildren;
}

/** A page that is a list. */
export function ListPage<Row>(props: ListPageProps<Row>) {
  const { title, lead, head, done = null, error = null, above, children, ...list } = props;
  return (
    <>
      <PageHead title={title} lead={lead}>
        {head}
      </PageHead>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      {done === null ? null : <Notice>{done}</Notice>}
      <Card>
        {above}
        <List {...list} />
      </Card>
      {children}
    </>
  );
}

interface AskProps<Row> {
  /** What it is about; null: nothing is asked. */
  readonly about: Row | null;
  readonly title: (row: Row) => string;
  readonly submit: string;
  /** How not to do it is called, where that is not plain. */
  readonly keep?: string;
  /** `primary`: nothing goes. */
  readonly kind?: 'primary' | 'bad primary';
  /** Done, or not to be done. */
  readonly onClose: () => void;
  readonly onAgree: (row: Row) => Promise<void>;
  readonly children: (row: Row) => ComponentChildren;
}

/** Asks before something is done to one of a list, and closes when it is done. */
export function Ask<Row>({ about, title, onClose, onAgree, children, ...rest }: AskProps<Row>) {
  if (about === null) return null;
  const agree = async () => {
    await onAgree(about);
    onClose();
  };
  return (
    <Confirm {...rest} title={title(about)} onClose={onClose} onAgree={agree}>
      {children(about)}
    </Confirm>
  );
}
