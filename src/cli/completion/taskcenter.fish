# Completion of taskcenter for fish: taskcenter completion fish | source
#
# Everything that is known of commands and options is asked of the program, whose answer is a line WORD<tab>MEANING for
# each word and a last line :OTHERS. A program that fails, or that is gone, offers nothing and says nothing.
function __taskcenter_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -l answers ($program completion words -- $words[2..-1] "$typed" 2>/dev/null)
    test (count $answers) -gt 0; or return
    # A line without a meaning is the word alone; of --data=DIR what stands before the folder is kept.
    set -l flag (string match -r '^--[^=]*=' -- "$typed")
    set -l value (string replace -- "$flag" '' "$typed")
    switch $answers[-1]
        case :files
            for path in (__fish_complete_path "$value")
                echo "$flag$path"
            end
        case :directories
            for path in (__fish_complete_directories "$value")
                echo "$flag$path"
            end
        case :commands
            complete -C "$value"
        case '*'
            printf '%s\n' $answers[1..-2]
    end
end

complete -c taskcenter -f -a '(__taskcenter_complete)'
