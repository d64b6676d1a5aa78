// What is wrong with an assembly, collected so that one error names every fault before anything is created.

/** A fault in one expression; whoever evaluates it knows the place and adds it. */
export class TemplateFault extends Error {
  override readonly name = "TemplateFault";
}

/** One fault and where it stands. */
export interface Fault {
  readonly stack: string;
  /** The resource's logical id, or the section and name of anything else (`Outputs.BucketName`). */
  readonly at?: string;
  /** The resource's type. */
  readonly type?: string;
  readonly problem: string;
}

const describe = ({ stack, at, type, problem }: Fault): string =>
  `  ${at === undefined ? stack : `${stack}/${at}`}${type === undefined ? "" : ` (${type})`}: ${problem}`;

/** The assembly cannot be deployed here; nothing of it was created. */
export class AssemblyRefused extends Error {
  override readonly name = "AssemblyRefused";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(
      `This assembly cannot be deployed into the emulator; nothing was created (${faults.length === 1 ? "1 fault" : `${faults.length} faults`}):\n${faults
        .map(describe)
        .join("\n")}\nChange the template, or model what is missing (docs/emulator.md lists what is modelled).`,
    );
    this.faults = faults;
  }
}

/** Creation began and resources failed; the emulator holds part of the assembly and must not be used. */
export class DeploymentFailed extends Error {
  override readonly name = "DeploymentFailed";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[], options: { cause: unknown }) {
    super(`The deployment failed:\n${faults.map(describe).join("\n")}`, options);
    this.faults = faults;
  }
}
