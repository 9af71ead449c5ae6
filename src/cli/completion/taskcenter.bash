# Completion of taskcenter for bash from 4 on: source <(taskcenter completion bash)
#
# Everything that is known of commands and options is asked of the program, whose answer is a line WORD<tab>MEANING for
# each word and a last line :OTHERS. A program that fails, or that is gone, offers nothing and says nothing.
_taskcenter() {
  local line=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]/#\~/$HOME}
  local words=() last=-1 index part gap typed value kept answer
  # Bash breaks words at "=" and ":" as well; what nothing stands between is one word.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    part=${COMP_WORDS[index]}
    gap=${line%%[![:blank:]]*}
    line=${line#"$gap"}
    if ((index == COMP_CWORD)); then part=$line; fi
    line=${line#"$part"}
    if [[ -n $gap || $last -lt 0 ]]; then
      last=$((last + 1))
      words[last]=
    fi
    words[last]+=$part
  done
  COMPREPLY=()
  ((last > 0)) || return 0
  typed=${words[last]}
  # Only what stands behind the last break is replaced: what bash calls the word, which is its second argument.
  value=$typed
  if [[ $typed == --*=* ]]; then value=${typed#*=}; fi
  kept=${value%"$2"}
  while IFS= read -r answer; do
    case $answer in
      # Bash itself does this best, with quotes and tildes, where it is asked from a real completion.
      :files) compopt -o default 2>/dev/null || _taskcenter_offer "$(compgen -f -- "$value")" ;;
      :directories) compopt -o dirnames 2>/dev/null || _taskcenter_offer "$(compgen -d -- "$value")" ;;
      :commands) _taskcenter_offer "$(compgen -c -- "$value")" ;;
      :*) ;;
      *)
        answer=${answer%%$'\t'*}
        _taskcenter_offer "${answer#"${typed%"$value"}"}"
        ;;
    esac
  done < <("$program" completion words -- "${words[@]:1}" 2>/dev/null)
}

# Adds each line to what is offered.
_taskcenter_offer() {
  local reply
  while IFS= read -r reply; do
    if [[ -n $reply ]]; then COMPREPLY+=("${reply#"$kept"}"); fi
  done <<<"$1"
}

complete -F _taskcenter taskcenter
