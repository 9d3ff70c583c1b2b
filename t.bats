load /work/main/tests/cli/common
@test x { make_all; make_tiny wide '.num_hidden_layers = 2 | .hidden_size = 128 | .intermediate_size = 512 | .num_attention_heads = 4'
 cam-train --config c.yaml model_name_or_path=./wide output_dir=wide-out max_steps=2; seq 20 | sed 's/^/le colis /' | cam-train predict --model wide-out --top-k 3 --format jsonl >&3;  seq 3 | sed 's/^/le colis numéro /' | cam-train tokenize --model wide-out --format pieces >&3; }
