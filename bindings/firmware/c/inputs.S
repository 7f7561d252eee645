/* What the emulated device finds: its flash, a command from MQTT, vectors. The assembler's include path leads to them. */
        .section .data.inputs, "aw"
        .balign 4
        .global input_flash
input_flash:
        .incbin "flash.bin"

        .section .rodata.command, "a"
        .global input_command, input_command_end
input_command:
        .incbin "command.bin"
input_command_end:

        .section .rodata.vectors, "a"
        .global input_vectors, input_vectors_end
input_vectors:
        .incbin "vectors.bin"
input_vectors_end:
