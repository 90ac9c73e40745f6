/**
 * Makes the assets of the page: its script with the libraries it uses, its style and its markup, in one JSON file. The build
 * runs it (`node bundle.cjs dist/src/report/page.json`); from source, `assets.ts` calls it, so that what is tested is what is
 * written here and not what was built last.
 */
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

/** Their licences ask to be handed on. */
const LIBRARIES = [
  'uplot',
  'd3-flame-graph',
  ...['array', 'color', 'dispatch', 'ease', 'format', 'hierarchy', 'interpolate', 'scale', 'selection', 'time', 'time-format'].map(
    (n) => `d3-${n}`,
  ),
  'd3-timer',
  'd3-transition',
  'internmap',
];

function bundle() {
  const { buildSync } = require('esbuild');
  const { outputFiles, metafile } = buildSync({
    entryPoints: [path.join(__dirname, 'page/main.ts')],
    outfile: 'page.js',
    bundle: true,
    minify: true,
    keepNames: true, // d3-flame-graph tells its nodes by the name of their class
    format: 'iife',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    charset: 'ascii',
    legalComments: 'none',
    metafile: true,
    write: false,
  });
  /** @param {string} ending */
  const text = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text;
  const used = new Set(Object.keys(metafile.inputs).flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/[^]*$/.exec(input)?.[1] ?? []));
  for (const name of used) if (!LIBRARIES.includes(name)) throw new Error(`bundle.cjs does not know the licence of ${name}`);
  return {
    script: text('.js'),
    style: text('.css'),
    markup: readFileSync(path.join(__dirname, 'page/page.html'), 'utf8'),
    licences: [...used].sort().map((name) => ({ name, text: licenceOf(name) })),
  };
}

/** @param {string} name */
function licenceOf(name) {
  const folder = folderOf(name);
  const manifest = /** @type {{ license: string, version: string }} */ (
    JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  );
  const text = readFileSync(path.join(folder, 'LICENSE'), 'utf8').trim();
  return `${name} ${manifest.version} (${manifest.license})\n\n${text}`;
}

/**
 * Not every package exports its manifest, so its main file leads to its folder; the d3 modules stand beside the one that needs them.
 *
 * @param {string} name
 */
function folderOf(name) {
  const paths = [__dirname, path.dirname(require.resolve('d3-flame-graph'))];
  let folder = path.dirname(require.resolve(name, { paths }));
  while (!existsSync(path.join(folder, 'LICENSE'))) folder = path.dirname(folder);
  return folder;
}

function main() {
  const { licences, ...assets } = bundle();
  const [, , file = 'page.json'] = process.argv;
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(assets));
  writeFileSync(file.replace(/\.json$/, '.LICENSES.txt'), `${licences.map(({ text }) => text).join(rule)}\n`);
}

module.exports = { bundle };
if (require.main === module) main();
