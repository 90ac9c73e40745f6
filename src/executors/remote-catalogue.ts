/** The functions that a remote worker runs: those of the modules it was started with, and nothing else, whatever a job asks for. */
import { FunctionNotFoundError, InvalidStateError } from '../base/errors.ts';
import { workerEntry } from '../base/worker-file.ts';
import { markOffloaded } from './callable.ts';
import type { Executor } from './executor.ts';
import { resolveModule } from './module-url.ts';
import { fromModule } from './offload.ts';
import { functionId, moduleVersion } from './remote-identity.ts';

type Fn = (...args: never[]) => unknown;

/** How the far side, `workers/catalogue.ts`, describes a function. */
export interface Offered {
  readonly module: string;
  readonly export: string;
  readonly fingerprint: string | undefined;
}
interface FarSide {
  catalogue(url: string): Promise<Offered[]>;
}

export interface CatalogueSettings {
  readonly version: string | undefined;
  readonly moduleId: (url: string) => string;
}

export interface KnownRemote {
  readonly fn: Fn;
  readonly module: string;
  readonly fingerprint: string | undefined;
}

export class Catalogue {
  readonly #functions = new Map<string, KnownRemote>();
  readonly #settings: CatalogueSettings;

  constructor(settings: CatalogueSettings) {
    this.#settings = settings;
  }

  /** Loads the modules in a thread. Rejects when one of them fails to load, offers nothing, or offers what another one offers under the same name. */
  async load(threads: Executor, modules: readonly (string | URL)[]): Promise<void> {
    const { catalogue } = fromModule<FarSide>(workerEntry('catalogue'));
    for (const [i, module] of modules.entries()) {
      const url = resolveModule(module, `options.modules[${i}]`);
      const offered = await threads.submit(catalogue, [url], { name: `load ${url}` });
      if (offered.length === 0) {
        throw new FunctionNotFoundError(`${url} offers no function to a remote worker: define functions with offload(import.meta, fn)`);
      }
      for (const one of offered) this.#add(one);
    }
  }

  #add({ module, export: name, fingerprint }: Offered): void {
    const { version, moduleId } = this.#settings;
    const id = functionId(moduleId(module), name, version ?? moduleVersion(module));
    const known = this.#functions.get(id);
    if (known?.module === module) return; // two modules export it
    if (known !== undefined) {
      throw new InvalidStateError(`${known.module} and ${module} both offer '${id}': give their functions names, or pass options.moduleId`);
    }
    const fn: Fn = () => undefined;
    markOffloaded(fn, { module, export: name, fingerprint }, name);
    this.#functions.set(id, { fn, module, fingerprint });
  }

  get(id: string): KnownRemote | undefined {
    return this.#functions.get(id);
  }

  get ids(): string[] {
    return [...this.#functions.keys()].sort();
  }

  /** The error of a job that asks for a function that no worker knew. */
  unknown(id: string): FunctionNotFoundError {
    const same = this.ids.find((known) => known.replace(/@[^@]*$/, '') === id.replace(/@[^@]*$/, ''));
    const hint = same === undefined ? `it has ${this.ids.join(', ')}` : `it has ${same}: the code is of another version`;
    return new FunctionNotFoundError(`No worker of the pool knows the function '${id}'. The last one that was asked says: ${hint}`);
  }
}
