import { expect, test } from 'vitest';
import { psqlConnection } from './psql-connection.ts';

const connectionTo = (url: string, settings = {}) => psqlConnection({ url }, settings);

test('the embedded Postgres is reached by its socket', () => {
  const target = { socketDirectory: '/var/lib/my postel/socket', database: 'postel', user: 'postel' };
  expect(psqlConnection(target, { search_path: 'mail', role: 'postel_reader' })).toEqual({
    args: [],
    environment: {
      PGHOST: '/var/lib/my postel/socket',
      PGPORT: '5432',
      PGUSER: 'postel',
      PGDATABASE: 'postel',
      PGOPTIONS: '-c search_path=mail -c role=postel_reader',
    },
  });
});

test('a password is in the environment, decoded, and never on the command line', () => {
  for (const url of [
    'postgres://mary:p%40ss%3Aword@db.example/postel',
    'postgres://mary@db.example/postel?password=p%40ss%3Aword',
  ])
    expect(connectionTo(url)).toEqual({
      args: ['--dbname=postgres://mary@db.example/postel'],
      environment: { PGPASSWORD: 'p@ss:word', PGOPTIONS: '' },
    });
});

test('without a password nothing is said of one: libpq looks into its own file', () => {
  expect(connectionTo('postgres://mary@db.example/postel').environment).not.toHaveProperty('PGPASSWORD');
});

test('what the URL says of TLS holds for psql', () => {
  const { args } = connectionTo('postgres://mary@db.example/postel?sslmode=verify-full&sslrootcert=/etc/ca.pem');
  expect(args).toEqual(['--dbname=postgres://mary@db.example/postel?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem']);
});

test('a certificate is compared with the authorities of the system where no file is named', () => {
  const [arg = ''] = connectionTo('postgres://mary@db.example/postel?sslmode=verify-full').args;
  const named = new URL(arg.replace('--dbname=', '')).searchParams.get('sslrootcert');
  expect(named).toMatch(/^(system|\/.*\.(crt|pem))$/);
});

test('of several hosts the primary is meant', () => {
  expect(connectionTo('postgres://mary@one:5433,two/postel').args).toEqual([
    '--dbname=postgres://mary@one:5433,two/postel?target_session_attrs=primary',
  ]);
});

test('settings in the URL stay, and ours win over them', () => {
  const url = 'postgres://mary@db.example/postel?search_path=other&work_mem=8%20MB&options=-c%20jit%3Doff';
  expect(connectionTo(url, { search_path: 'mail' })).toEqual({
    args: ['--dbname=postgres://mary@db.example/postel'],
    environment: { PGOPTIONS: '-c jit=off -c search_path=mail -c work_mem=8\\ MB' },
  });
});
