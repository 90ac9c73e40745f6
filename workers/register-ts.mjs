// Preloaded (`--import`) into workers whose entry is a .ts file on a Node that cannot strip types: only inside this
// repository, on Node 20. `--import tsx` would not do: in a worker of Node 20 it hooks `require` but not `import`.
import { register } from 'tsx/esm/api';

register();
