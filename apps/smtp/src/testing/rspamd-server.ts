import { BackgroundServer, freePort, TemporaryDirectory } from '@postel/testkit';

/** What messages are by their Subject; `says` tells in a field what the server was told. */
const RULES = `
rspamd_config:register_symbol({ name = 'SUBJECT_JUNK', score = 7.5, callback = function(task)
  return task:get_subject() == 'junk'
end })
rspamd_config:register_symbol({ name = 'SUBJECT_BAD', score = 20, callback = function(task)
  return task:get_subject() == 'bad'
end })
rspamd_config:register_symbol({ name = 'SUBJECT_LATER', score = 0, callback = function(task)
  if task:get_subject() == 'later' then task:set_pre_result('soft reject', 'Come back later') end
end })
rspamd_config:register_symbol({ name = 'SUBJECT_SAYS', score = 0, callback = function(task)
  if task:get_subject() ~= 'says' then return end
  local function addresses(list)
    local found = {}
    for _, each in ipairs(list or {}) do found[#found + 1] = '<' .. each.addr .. '>' end
    return table.concat(found, ' ')
  end
  task:set_milter_reply({ add_headers = { ['X-Told'] = table.concat({
    tostring(task:get_ip()), task:get_helo(), task:get_hostname() or 'none', addresses(task:get_from('smtp')),
    addresses(task:get_recipients('smtp')), task:get_queue_id()
  }, '; ') } })
end })
`;

/** Without its modules, lists of domains and languages it begins in a moment, and asks nobody anything. */
const configuration = (directory: string, port: number) => `
options {
  filters = "";
  explicit_modules = [];
  url_tld = "${directory}/domains";
  hs_cache_dir = "${directory}";
  tempdir = "${directory}";
  disable_hyperscan = true;
  dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; retransmits = 1; }
}
lang_detection { languages = "${directory}/none"; }
logging { type = "file"; filename = "${directory}/log"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
metric "default" { actions { reject = 15; add_header = 6; greylist = 4; } }
lua = "${directory}/rules.lua"
`;

/** A private Rspamd with rules of ours. */
export class RspamdServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: BackgroundServer;
  readonly #directory: TemporaryDirectory;

  private constructor(url: string, server: BackgroundServer, directory: TemporaryDirectory) {
    this.url = url;
    this.#server = server;
    this.#directory = directory;
  }

  static async start(): Promise<RspamdServer> {
    const directory = new TemporaryDirectory();
    const port = await freePort();
    directory.write('domains', 'com\nexample\n');
    directory.write('rules.lua', RULES);
    directory.write('rspamd.conf', configuration(directory.path, port));
    const server = await BackgroundServer.start({
      // `--insecure`: it may run as root, in a container too.
      start: 'rspamd --no-fork --insecure --config "$1/rspamd.conf" & pid=$!',
      stop: 'kill "$pid"; wait "$pid"',
      directory: directory.path,
    });
    if (server === null) throw new Error('a shell does not start');
    return new RspamdServer(`http://127.0.0.1:${port}`, server, directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }
}
