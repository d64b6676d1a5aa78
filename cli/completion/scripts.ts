// What a shell sources: it asks keyturn itself for every word, so that it never knows an older list of commands.

export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** Where a script goes for good. */
export const installing: Readonly<Record<Shell, string>> = {
  bash: "source <(keyturn completion bash)     # in ~/.bashrc",
  zsh: "source <(keyturn completion zsh)      # in ~/.zshrc, after compinit",
  fish: "keyturn completion fish | source      # in ~/.config/fish/config.fish",
};

/** @param program - path of this keyturn; a shell may find another one, or none, under that name */
export const completionScript = (shell: Shell, program: string): string => scripts[shell](quoted(program));

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const scripts: Readonly<Record<Shell, (program: string) => string>> = {
  bash: (program) => `# keyturn completion bash
_keyturn() {
  local line words cur
  # Bash takes = and : for ends of words; what is completed is the part behind the last of them.
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  cur=\${COMP_WORDS[COMP_CWORD]}
  [[ $cur == = ]] && cur=
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == "$cur"* ]] && COMPREPLY+=("$line")
  done < <(node ${program} __complete "\${words[@]}" 2>/dev/null | cut -f1)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -o nosort -F _keyturn keyturn
`,
  zsh: (program) => `# keyturn completion zsh
_keyturn() {
  local line value
  local -a plain suffixed shown
  while IFS=$'\\t' read -r value line; do
    if [[ $value == *= ]]; then suffixed+=("$value"); else plain+=("\${value//:/\\\\:}\${line:+:$line}"); fi
  done < <(node ${program} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#suffixed} )) && compadd -S '' -- "\${suffixed[@]}"
  (( \${#plain} )) && _describe keyturn plain
  return 0
}
compdef _keyturn keyturn
`,
  fish: (program) => `# keyturn completion fish
function __keyturn_complete
    set -l words (commandline -opc) (commandline -ct)
    node ${program} __complete $words[2..-1] 2>/dev/null
end
complete -c keyturn -f -a '(__keyturn_complete)'
`,
};
