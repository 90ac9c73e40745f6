const { pathToFileURL } = require('node:url');
const { fromModule, run } = require('offloop');

const heavy = fromModule(pathToFileURL(require.resolve('./heavy.cjs')));

void run(async () => console.log(await heavy.sum(1_000_000)));
