// asl-validator ships no declarations; this is what the checks call.

declare module "asl-validator" {
  export default function validate(definition: object): { isValid: boolean; errorsText: (separator?: string) => string };
}
