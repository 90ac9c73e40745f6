/** The survey as its visitors run it: a process of its own, on real trees with everything odd that a file system holds. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyRepository, type RepositoryCopy } from '../support/repository-copy.ts';
import { largeTree, newFolder, pause, program, Running, survey, write } from './survey-process.ts';

const hasStack = /^\s+at .*[:(]/m;
const escape = '\x1b';

describe('what it counts', () => {
  const PIECE = 2 ** 20;
  const acrossPieces = `${'lorem ipsum\n'.repeat(100_000)}the end`; // 1.2 MB: two pieces, the first one ending inside a word
  const files: Record<string, string | Uint8Array> = {
    'one.txt': 'one two\nthree four\tfive\n',
    'no-newline.txt': 'no newline at the end',
    'empty.txt': '',
    'spaces.txt': ' \t\r\n\v\f\n',
    'sub/copy-of-one.TXT': 'one two\nthree four\tfive\n',
    'sub/deeper/umlauts.md': 'äöü ß – “quoted”\n',
    'with-nul.dat': 'a\0b\nc d\n',
    'late-nul.log': `${'x'.repeat(8192)}\0 y\n`,
    'latin1.csv': Buffer.from('caf\xe9 au lait\n', 'latin1'),
    'large.text': acrossPieces,
    'no-extension': 'plain\n',
    '.hidden': 'a dot file has no extension\n',
  };

  /** Written without a look at the example: strings instead of bytes, one pass over all. */
  function expected(only = /./): { files: number; bytes: number; brotli: number; lines: number; words: number; fingerprint: string } {
    const bodies = Object.entries(files).flatMap(([name, body]) => (only.test(name) ? [Buffer.from(body as string)] : []));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
    const sum = (of: (body: Buffer) => number): number => bodies.reduce((total, body) => total + of(body), 0);
    const text = (body: Buffer): string => {
      const decoded = body.toString('utf8');
      return body.subarray(0, 8192).includes(0) || decoded.includes('\uFFFD') ? '' : decoded;
    };
    const pieces = (body: Buffer): Buffer[] =>
      Array.from({ length: Math.max(1, Math.ceil(body.length / PIECE)) }, (_, i) => body.subarray(i * PIECE, (i + 1) * PIECE));
    const digests = bodies.map((body) => createHash('sha256').update(body).digest('hex')).sort();
    return {
      files: bodies.length,
      bytes: sum((body) => body.length),
      brotli: sum((body) => pieces(body).reduce((n, piece) => n + brotliCompressSync(piece, { params }).length, 0)),
      lines: sum((body) => text(body).split('\n').length - 1),
      words: sum(
        (body) =>
          text(body)
            .split(/[ \t\n\v\f\r]+/)
            .filter(Boolean).length,
      ),
      fingerprint: createHash('sha256').update(digests.join('\n')).digest('hex'),
    };
  }

  /** The cells of the row that begins with `name`. */
  function row(stdout: string, name: string): string[] {
    const line = stdout.split('\n').find((l) => l.startsWith(`│ ${name} `));
    return (line ?? '').split('│').slice(2, -1).map((cell) => cell.trim()); // prettier-ignore
  }

  const grouped = (n: number): string => n.toLocaleString('en');

  test.concurrent('is what an independent count finds, in both runs', async () => {
    const root = newFolder();
    write(root, files);
    const run = survey(root);
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.stderr).toBe('');

    const all = expected();
    const total = row(run.stdout, 'total');
    expect(total[0]).toBe(grouped(all.files));
    expect(total[1]).toBe(`${(all.bytes / 1e6).toFixed(1)} MB`);
    expect(total.slice(4)).toEqual([grouped(all.lines), grouped(all.words)]);
    for (const [name, only] of [
      ['.txt', /\.txt$/i],
      ['.csv', /\.csv$/],
      ['.dat', /\.dat$/],
      ['.md', /\.md$/],
      ['(none)', /^no-ext|^\.hidden/],
    ] as const) {
      const { files, bytes, brotli, lines, words } = expected(only);
      expect(row(run.stdout, name)).toEqual([
        grouped(files),
        `${bytes} B`,
        `${brotli} B`,
        `${Math.floor((100 * brotli) / bytes)} %`,
        grouped(lines),
        grouped(words),
      ]);
    }
    expect(run.stdout).toContain(
      `Both runs give identical totals: ${all.files} files, 1.2 MB, 0 problems, SHA-256 of all ${all.fingerprint.slice(0, 12)}…`,
    );
    expect(run.stdout).toContain('largest    1.2 MB  large.text');
    expect(run.stdout).toMatch(/copies +24 B {2}in 1 file /);
    expect(run.stdout).toMatch(/│ in the loop .*\n│ off the loop /);
  });

  test.concurrent('an empty folder has nothing in it, and that is no error', async () => {
    const run = survey(newFolder());
    expect((await run.ended).code).toBe(0);
    expect(run.stdout).toContain('0 files in 1 folder\n');
    expect(run.stdout).toContain('Both runs give identical totals: 0 files, 0 B, 0 problems');
    expect(run.stderr).toBe('');
  });
});

describe('what is odd costs a line, and the survey goes on', () => {
  test.concurrent('links, pipes, sockets, names, sizes', async () => {
    const root = newFolder();
    write(root, { 'sub/file.txt': 'a file\n', 'evil\n\x1b[2Jname\u202e.txt': 'b', 'evil\n\x1b]0;title\x07.lnk/x': 'c' });
    symlinkSync('file.txt', join(root, 'sub/link-to-file'));
    symlinkSync('..', join(root, 'sub/link-to-the-folder-above'));
    symlinkSync('nowhere', join(root, 'broken'));
    symlinkSync('nowhere', join(root, 'broken\n\x1b[31m'));
    symlinkSync('circle', join(root, 'circle'));
    const takesAnyBytes = process.platform === 'linux';
    if (takesAnyBytes) writeFileSync(Buffer.concat([Buffer.from(root), Buffer.from('/latin1-\xe9', 'latin1')]), 'd');
    writeFileSync(join(root, 'huge'), '');
    truncateSync(join(root, 'huge'), 10e9);
    expect(spawnSync('mkfifo', [join(root, 'pipe')]).status).toBe(0);
    const server = createServer().listen(join(root, 'socket'));
    const run = survey(root);
    expect((await run.ended).code).toBe(0);
    server.close();

    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/\n\d files in 3 folders, 2 links not followed\n/);
    expect(problemsIn(run.stdout)).toEqual([
      'broken: a broken link',
      String.raw`broken\n\x1b[31m: a broken link`,
      'circle: a link that leads in circles',
      'huge: 10.0 GB, and files of more than 32.0 MB are left out',
      ...(takesAnyBytes ? ['latin1-\uFFFD: a name that is not valid UTF-8'] : []),
      'pipe: a named pipe, skipped',
      'socket: a socket, skipped',
    ]);
    expect(run.stdout).toContain(String.raw`evil\n\x1b[2Jname\u{202e}.txt`);
    expect(run.stdout).not.toContain(escape);
    expect(run.stdout).toMatch(/identical totals: 3 files, \d+ B, [67] problems,/);
  });

  test.concurrent('files and folders that may not be read', async () => {
    const root = newFolder();
    write(root, { 'secret.txt': 's', 'closed/inside.txt': 'i', 'open.txt': 'o' });
    chmodSync(join(root, 'secret.txt'), 0);
    chmodSync(join(root, 'closed'), 0);
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}; // root may read everything
    const run = new Running(process.execPath, [...program, root], nobody);
    expect((await run.ended).code).toBe(0);
    expect(run.stderr).toBe('');
    expect(problemsIn(run.stdout)).toEqual(['closed/: permission denied', 'secret.txt: permission denied']);
    expect(run.stdout).toContain('identical totals: 1 file, 1 B, 2 problems');
  });

  test.concurrent('a tree that changes under its eyes: what is left to compare is identical', async () => {
    const root = largeTree();
    const run = survey(root);
    await run.prints('walking: ');
    unlinkSync(join(root, 'a/b/vanishing.txt'));
    unlinkSync(join(root, 'a/b/turning.txt'));
    spawnSync('mkfifo', [join(root, 'a/b/turning.txt')]); // opening one for reading waits for a writer
    await run.prints('in the loop: 24 of 24 files, ');
    appendFileSync(join(root, 'a/b/changing.txt'), 'more');
    expect((await run.ended).code).toBe(0);
    expect(run.stderr).toBe('');
    expect(problemsIn(run.stdout)).toEqual([
      'a/b/changing.txt: changed between the two runs',
      'a/b/turning.txt: no file any more',
      'a/b/vanishing.txt: vanished',
    ]);
    expect(run.stdout).toContain('identical totals: 21 files, 57.0 MB, 3 problems');
  });

  test.concurrent('a file that is written to all the time', async () => {
    const root = newFolder();
    write(root, { 'busy.log': Buffer.alloc(20_000_000, 'x'), 'still.txt': 's' });
    const writer = setInterval(() => appendFileSync(join(root, 'busy.log'), 'y'), 1);
    const run = survey(root);
    const { code } = await run.ended;
    clearInterval(writer);
    expect(code).toBe(0);
    expect(problemsIn(run.stdout)).toEqual([expect.stringMatching(/^busy\.log: changed (while it was read|between the two runs)/)]);
    expect(run.stdout).toContain('identical totals: 1 file, 1 B, 1 problem,');
  });

  test.concurrent('of thousands of complaints the first are listed, and the others counted', async () => {
    const root = newFolder();
    for (let i = 0; i < 2000; i++) symlinkSync('nowhere', join(root, `broken-${String(i).padStart(4, '0')}`));
    const run = survey(root);
    expect((await run.ended).code).toBe(0);
    const problems = problemsIn(run.stdout);
    expect(problems).toHaveLength(21);
    expect(problems[0]).toBe('broken-0000: a broken link');
    expect(problems[20]).toBe('and 1,980 more: a broken link');
    expect(run.stdout).toContain('2,000 problems');
  });
});

/** The lines under "N problems". */
/** A process, or a group of them by the negative number of its leader. */
function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function problemsIn(stdout: string): string[] {
  const lines = stdout.split('\n');
  const first = lines.findIndex((line) => /^[\d,]+ problems?, left out of the totals:$/.test(line)) + 1;
  return lines.slice(first, lines.indexOf('', first)).map((line) => line.slice(2));
}

describe('what cannot be surveyed at all ends with code 2 and one line', () => {
  test.concurrent.each([
    ['a folder that does not exist', '/nonexistent/folder', 'survey: there is no folder /nonexistent/folder\n'],
    ['a file', process.execPath, `survey: ${process.execPath} is not a folder\n`],
    ['a folder under a file', `${process.execPath}/x`, `survey: ${process.execPath}/x: no folder any more\n`],
    ['a name that would reprogram the terminal', '/no\x1b[2J', 'survey: there is no folder /no\\x1b[2J\n'],
  ])('%s', async (_what, folder, message) => {
    const run = survey(folder);
    expect(await run.ended).toEqual({ code: 2, signal: null });
    expect(run.stderr).toBe(message);
    expect(run.stdout).toBe('');
  });
});

test('runs that disagree are said to, loudly, with code 1', async () => {
  const root = newFolder();
  write(root, { 'a.txt': 'a', 'b.txt': 'b' });
  // Real damage, done from outside: brotli on the main thread returns one byte too many.
  const damage = join(newFolder(), 'damage.mjs');
  writeFileSync(
    damage,
    `import { createRequire, syncBuiltinESMExports } from 'node:module';
     import { isMainThread } from 'node:worker_threads';
     const zlib = createRequire(import.meta.url)('node:zlib');
     const { brotliCompressSync } = zlib;
     if (isMainThread) zlib.brotliCompressSync = (...args) => Buffer.concat([brotliCompressSync(...args), Buffer.alloc(1)]);
     syncBuiltinESMExports();`,
  );
  const run = new Running(process.execPath, ['--import', damage, ...program, root]);
  expect(await run.ended).toEqual({ code: 1, signal: null });
  expect(run.stdout).toContain('✘ THE TWO RUNS DISAGREE about 2 files:\n  a.txt\n  b.txt\n');
  expect(run.stdout).not.toContain('identical');
});

describe('Ctrl-C ends it with what was done so far, code 130 and no stack trace', () => {
  let root = '';
  let copy: RepositoryCopy;
  beforeAll(async () => {
    root = largeTree();
    copy = await copyRepository();
  });
  afterAll(() => copy.remove());

  test.concurrent('while walking', async () => {
    const run = survey('/');
    await run.prints('Survey of /');
    const { code } = await run.interrupted('SIGINT');
    expect(code).toBe(130);
    expect(run.stdout).toMatch(/\nStopped while walking\. What was done so far:\n\n[\d,]+ files? in [\d,]+ folders?/);
    expect(run.stdout + run.stderr).not.toMatch(hasStack);
  });

  test.concurrent.each([
    ['in the loop', 'walking: '],
    ['off the loop', /in the loop: 24 of 24 files, /],
  ])('%s', async (phase, begins) => {
    const run = survey(root);
    await run.prints(begins);
    await pause(500);
    const { code } = await run.interrupted('SIGINT');
    expect(code).toBe(130);
    expect(run.stdout).toContain(`\nStopped ${phase}. What was done so far:\n`);
    expect(run.stdout).toMatch(/│ total +│ +\d+ │/);
    expect(run.stdout).toMatch(new RegExp(`│ ${phase} +│ +\\d+ of 24 │`));
    expect(run.stdout).not.toContain('identical');
    expect(run.stderr).toBe('');
  });

  test.concurrent.each([
    ['in the loop', 'walking: '],
    ['off the loop', /in the loop: 24 of 24 files, /],
  ])('twice, %s', async (_phase, begins) => {
    const run = survey(root);
    await run.prints(begins);
    await pause(300);
    const { code } = await run.interrupted('SIGINT', 'SIGINT');
    expect(code).toBe(130);
    expect(run.stdout + run.stderr).not.toMatch(hasStack);
  });

  test.concurrent('SIGTERM does the same, with code 143', async () => {
    const run = survey(root);
    await run.prints(/in the loop: 24 of 24 files, /);
    await pause(300);
    expect((await run.interrupted('SIGTERM')).code).toBe(143);
    expect(run.stdout).toContain('\nStopped off the loop.');
    expect(run.stderr).toBe('');
  });

  test.each([
    ['in the loop', 'walking: '],
    ['off the loop', /in the loop: 24 of 24 files, /],
  ])('under npm start, where every process of the group gets it, %s', async (phase, begins) => {
    const run = new Running('npm', ['start', '--silent', '--', root], { cwd: copy.folder, detached: true });
    await run.prints(begins);
    await pause(300);
    process.kill(-run.pid, 'SIGINT'); // as a terminal does
    const { code, signal } = await run.ended;
    expect(signal ?? code).toSatisfy((how) => how === 'SIGINT' || how === 130); // npm ends itself by the signal
    expect(run.stdout).toContain(`\nStopped ${phase}.`);
    expect(run.stdout + run.stderr).not.toMatch(hasStack);
    await expect.poll(() => alive(-run.pid), { timeout: 10_000 }).toBe(false); // nobody of the group is left
  });
});

describe('where its output goes', () => {
  test.concurrent('to a pipe: plain lines', async () => {
    const root = newFolder();
    write(root, { 'a.txt': 'a' });
    const run = survey(root);
    await run.ended;
    expect(run.stdout).not.toContain(escape);
    expect(run.stdout).not.toContain('\r');
    expect(run.stdout).toMatch(/^walking: 1 of 1 folders, .*\nin the loop: 1 of 1 files, .*\noff the loop: 1 of 1 files, /m);
  });

  test.concurrent('to a pipe that nobody reads on, as `| head` does: it ends, quietly', async () => {
    const run = survey(largeTree());
    await run.prints('walking: ');
    run.closeStdout();
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.stderr).toBe('');
  });

  const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;
  describe.skipIf(!hasScript)('to a terminal (needs script of util-linux)', () => {
    const inTerminal = (size: number, root: string, env: NodeJS.ProcessEnv = {}): Running => {
      const command = `stty cols ${size}; exec '${process.execPath}' ${program.join(' ')} '${root}'`;
      // Node shows no colours where CI is set: a person's terminal is meant here.
      const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...ours } = process.env;
      return new Running('script', ['-qec', command, '/dev/null'], { env: { ...ours, TERM: 'xterm-256color', ...env } });
    };
    const control = new RegExp(`${escape}(?:\\[[\\d?;]*[A-Za-z]|[78])`, 'g');
    const colour = new RegExp(`${escape}\\[[\\d;]*m`);

    test.concurrent('a progress bar, and colours', async () => {
      const run = inTerminal(100, largeTree());
      expect((await run.ended).code).toBe(0);
      expect(run.stdout).toMatch(/in the loop +█+░+ +\d+ %/);
      expect(run.stdout).toMatch(/off the loop █+ 100 % {2}24 of 24 files/);
      expect(run.stdout).toMatch(colour);
      expect(run.stdout).not.toContain(`${escape}[?25l`); // a killed program could not show the cursor again
    });

    test.concurrent('NO_COLOR: none', async () => {
      const run = inTerminal(100, newFolder(), { NO_COLOR: '1' });
      await run.ended;
      expect(run.stdout).toContain('█');
      expect(run.stdout).not.toMatch(colour);
    });

    test.concurrent('a dumb one: plain lines', async () => {
      const run = inTerminal(100, newFolder(), { TERM: 'dumb' });
      await run.ended;
      expect(run.stdout).toContain('walking: 1 of 1 folders');
      expect(run.stdout).not.toContain(escape);
    });

    test.concurrent('a narrow one: nothing is wider than it', async () => {
      const root = newFolder();
      write(root, { [`${'long/'.repeat(20)}name.txt`]: 'long' });
      const run = inTerminal(44, root);
      await run.ended;
      const lines = run.stdout
        .replaceAll(`${escape}[1G`, '\n')
        .replace(control, '')
        .split(/\r?\n|\r/);
      const tooWide = lines.filter((line) => line.length > 44 && !line.startsWith('Survey of'));
      expect(tooWide).toEqual([]);
      expect(run.stdout).toContain('off the loop');
    });
  });
});
